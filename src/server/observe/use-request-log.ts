import { type DocumentNode, getOperationAST } from 'graphql'
import type { Plugin, YogaInitialContext } from 'graphql-yoga'
import type { Logger } from 'pino'
import type { Context } from '../../context.js'
import { requestIdOf } from '../http/request-id.js'
import { errorsOf } from './describe.js'

/** Facts about a request that its log line needs; they are collected until it is answered. */
interface Entry {
  readonly requestId: string
  readonly startedAt: number
  /** Address of the client; trusted proxies are skipped. */
  readonly address: string
  /** True for a GraphQL request. Successful requests for health, metrics and the console's files are not logged. */
  isGraphql?: true
  operation?: string
  kind?: string
  viewer?: () => string | undefined
  errorCodes?: readonly string[]
}

const MAX_NAME_LENGTH = 100

/**
 * Writes one log line for each GraphQL request: operation, duration, viewer, address, request id and error codes. The log
 * thus shows each use of a token and each refused token. The line of a subscription is written when its stream begins, and
 * its duration ends there. A line never contains the query's text, its variables or the token. Control characters are
 * removed from operation names, since these come from the client.
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
    // The name is taken before the validation, so that a refused document has one as well.
    onValidate({ params, context }) {
      name(context.request, params.documentAST, context.params.operationName)
    },
    onExecute: ({ args }) => knowViewer(args.contextValue),
    onSubscribe: ({ args }) => knowViewer(args.contextValue),
    // This hook sees every answer, refusals included. The error mask has run, so that errors have their public codes.
    onResultProcess({ request, result }) {
      const entry = entries.get(request)
      const codes = errorsOf(result).map(({ extensions }) => String(extensions['code']))
      if (entry && codes.length > 0) entry.errorCodes = [...new Set(codes)]
    },
    onResponse({ request, response }) {
      response.headers.set('x-request-id', requestIdOf(request))
      const entry = entries.get(request)
      entries.delete(request)
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

/** Shortens the name before anything looks through it. */
const printable = (name: string): string => name.slice(0, MAX_NAME_LENGTH).replace(/\p{C}/gu, '')
