import { type DocumentNode, getOperationAST } from 'graphql'
import type { Plugin, YogaInitialContext } from 'graphql-yoga'
import type { Logger } from 'pino'
import type { Context } from '../../context.js'
import { requestIdOf } from '../http/request-id.js'
import { errorsOf } from './describe.js'

/** What is known of a request by the time it is answered. */
interface Entry {
  readonly requestId: string
  readonly startedAt: number
  /** The client's, as far as it can be believed. */
  readonly address: string
  /** Set once an operation is asked for: health, metrics and the console's files leave no line. */
  isGraphql?: true
  operation?: string
  kind?: string
  viewer?: () => string | undefined
  errorCodes?: readonly string[]
}

const MAX_NAME_LENGTH = 100

/**
 * The log has one line for each GraphQL request: operation, duration, viewer, address, request id, error codes. So it tells
 * each use of a token, and each try of one that is refused. The line of a subscription is written when its stream begins,
 * and its duration is the time until then. A line never holds the query's text, its variables or the token. Names come
 * from the client, so control characters are taken out of them.
 */
export function useRequestLog<ServerContext extends object>(
  logger: Logger,
  addressOf: (server: ServerContext) => string,
): Plugin<Context & YogaInitialContext, ServerContext> {
  const entries = new WeakMap<Request, Entry>()

  function name(request: Request, document: DocumentNode, operationName: string | null | undefined): void {
    const entry = entries.get(request)
    const operation = getOperationAST(document, operationName)
    if (!entry || !operation) return
    entry.operation = printable(operation.name?.value ?? rootFields(operation))
    entry.kind = operation.operation
  }

  const knowViewer = ({ request, knownViewer }: Context & YogaInitialContext) => {
    const entry = entries.get(request)
    if (entry) entry.viewer = () => knownViewer()?.name
  }

  return {
    onRequest({ request, serverContext }) {
      entries.set(request, {
        requestId: requestIdOf(request),
        startedAt: performance.now(),
        address: addressOf(serverContext),
      })
    },
    onRequestParse({ request }) {
      const entry = entries.get(request)
      if (entry) entry.isGraphql = true
    },
    // Before it is run: also a document that is refused has a name.
    onValidate({ params, context }) {
      name(context.request, params.documentAST, context.params.operationName)
    },
    onExecute: ({ args }) => knowViewer(args.contextValue),
    onSubscribe: ({ args }) => knowViewer(args.contextValue),
    // Every answer comes by here, also a refusal of what was never run; errors have their public codes by now.
    onResultProcess({ request, result }) {
      const entry = entries.get(request)
      const codes = errorsOf(result).map(({ extensions }) => String(extensions['code']))
      if (entry && codes.length > 0) entry.errorCodes = [...new Set(codes)]
    },
    onResponse({ request, response }) {
      response.headers.set('x-request-id', requestIdOf(request))
      const entry = entries.get(request)
      if (!entry || (!entry.isGraphql && response.status < 400)) return
      logger.info(
        {
          requestId: entry.requestId,
          operation: entry.operation,
          kind: entry.kind,
          viewer: entry.viewer?.() ?? null,
          address: entry.address,
          durationMs: Math.round((performance.now() - entry.startedAt) * 10) / 10,
          status: response.status,
          ...(entry.errorCodes && { errorCodes: entry.errorCodes }),
        },
        'request',
      )
    },
  }
}

function rootFields(operation: ReturnType<typeof getOperationAST>): string {
  const names = operation?.selectionSet.selections.flatMap((node) =>
    'name' in node && node.name ? [node.name.value] : [],
  )
  return `{ ${names?.join(' ') ?? ''} }`
}

const printable = (name: string): string => name.replace(/\p{C}/gu, '').slice(0, MAX_NAME_LENGTH)
