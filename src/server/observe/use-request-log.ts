import { randomUUID } from 'node:crypto'
import { type ExecutionResult, getOperationAST } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import type { Logger } from 'pino'
import type { Context } from '../../context.js'

/** What is known of a request by the time it is answered. */
interface Entry {
  readonly requestId: string
  readonly startedAt: number
  operation?: string
  kind?: string
  viewer?: () => string | undefined
  /** The client's, as far as it can be believed. */
  address?: string
  errorCodes?: readonly string[]
}

const MAX_NAME_LENGTH = 100
const SAFE_REQUEST_ID = /^[\w.:-]{1,100}$/

const requestIds = new WeakMap<Request, string>()

/**
 * The request's id: the caller's own where it is harmless, else a new one. The log, the context and the answer's
 * `x-request-id` all have the same.
 */
export function requestIdOf(request: Request): string {
  let id = requestIds.get(request)
  if (id === undefined) {
    const given = request.headers.get('x-request-id')
    id = given && SAFE_REQUEST_ID.test(given) ? given : randomUUID()
    requestIds.set(request, id)
  }
  return id
}

/**
 * One line for each GraphQL request: operation, duration, viewer, address, request id, error codes. So each use of a token
 * is told, and each try of one that is refused. Never the query's text, its variables or the token. Names come from the
 * client, so control characters are taken out of them.
 */
export function useRequestLog(logger: Logger): Plugin<Context> {
  const entries = new WeakMap<Request, Entry>()

  return {
    onRequest({ request }) {
      entries.set(request, { requestId: requestIdOf(request), startedAt: performance.now() })
    },
    onExecute({ args, context }) {
      const entry = entries.get(context.request)
      if (!entry) return
      const operation = getOperationAST(args.document, args.operationName)
      entry.operation = printable(operation?.name?.value ?? rootFields(operation))
      entry.kind = operation?.operation ?? 'query'
      entry.viewer = () => args.contextValue.knownViewer()?.name
      entry.address = args.contextValue.clientAddress
    },
    onExecutionResult({ request, result }) {
      const entry = entries.get(request)
      const single =
        result && !Array.isArray(result) && 'errors' in result ? (result as ExecutionResult) : undefined
      if (entry && single?.errors?.length) {
        entry.errorCodes = [...new Set(single.errors.map((error) => String(error.extensions['code'])))]
      }
    },
    onResponse({ request, response }) {
      response.headers.set('x-request-id', requestIdOf(request))
      const entry = entries.get(request)
      if (!entry) return
      if (!entry.operation && response.status < 400) return
      logger.info(
        {
          requestId: entry.requestId,
          operation: entry.operation,
          kind: entry.kind,
          viewer: entry.viewer?.() ?? null,
          ...(entry.address !== undefined && { address: entry.address }),
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
