import { type DocumentNode, getOperationAST } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import type { Context } from '../../context.js'
import {
  ForbiddenError,
  OverloadedError,
  RateLimitedError,
  UnauthenticatedError,
  UnavailableError,
} from '../../errors.js'
import { errorsOf, rootFieldOf } from './describe.js'
import type { OperationDone } from './metrics.js'

export interface MetricsEndpointOptions<ServerContext> {
  /**
   * Returns null or throws UnauthenticatedError if the token is not valid; throws ForbiddenError if it gives no right to
   * read, UnavailableError if it cannot be checked.
   */
  readonly authenticate: (request: Request, server: ServerContext) => Promise<unknown>
  /** True if the metrics need no token. */
  readonly isPublic: boolean
  readonly contentType: string
  readonly render: () => Promise<string>
}

/** Serves `GET /metrics` for Prometheus. It needs a viewer's token, since the figures would help an attacker. */
export function useMetrics<ServerContext extends object>({
  authenticate,
  isPublic,
  contentType,
  render,
}: MetricsEndpointOptions<ServerContext>): Plugin<Context, ServerContext> {
  async function refusal(request: Request, server: ServerContext): Promise<ResponseInit | undefined> {
    if (isPublic) return undefined
    try {
      if (await authenticate(request, server)) return undefined
    } catch (error) {
      if (error instanceof UnavailableError) return { status: 503 }
      if (error instanceof OverloadedError) {
        return { status: 503, headers: { 'retry-after': String(error.retryAfterSeconds) } }
      }
      if (error instanceof ForbiddenError) return { status: 403 }
      if (error instanceof RateLimitedError) {
        return { status: 429, headers: { 'retry-after': String(error.retryAfterSeconds) } }
      }
      if (!(error instanceof UnauthenticatedError)) throw error
    }
    return { status: 401, headers: { 'www-authenticate': 'Bearer' } }
  }

  return {
    async onRequest({ url, request, serverContext, fetchAPI, endResponse }) {
      if (url.pathname !== '/metrics') return
      const { Response } = fetchAPI
      if (request.method !== 'GET') {
        endResponse(new Response(null, { status: 405, headers: { allow: 'GET' } }))
        return
      }
      const refused = await refusal(request, serverContext)
      endResponse(
        refused
          ? new Response(null, refused)
          : new Response(await render(), { headers: { 'content-type': contentType } }),
      )
    },
  }
}

interface Entry {
  readonly startedAt: number
  kind: OperationDone['kind']
  operation: string
  outcome: string | undefined
}

/**
 * Counts each GraphQL request once, when it is answered. A request that is refused before it runs has the kind and the
 * operation `none`. Operation names of clients are not used as labels: they would make an unbounded number of series.
 */
export function useOperationMetrics(
  operationDone: (operation: OperationDone, seconds: number) => void,
): Plugin<Context> {
  const entries = new WeakMap<Request, Entry>()

  const describe = (request: Request, document: DocumentNode, operationName: string | null | undefined) => {
    const entry = entries.get(request)
    const operation = getOperationAST(document, operationName)
    if (!entry || !operation) return
    entry.kind = operation.operation
    entry.operation = rootFieldOf(document, operation.selectionSet)
  }

  return {
    onRequestParse({ request }) {
      const startedAt = performance.now()
      entries.set(request, { startedAt, kind: 'none', operation: 'none', outcome: undefined })
    },
    onExecute: ({ args, context }) => describe(context.request, args.document, args.operationName),
    onSubscribe: ({ args, context }) => describe(context.request, args.document, args.operationName),
    // This hook sees every answer, refusals included. The error mask has run, so that the codes are a short list.
    onResultProcess({ request, result }) {
      const entry = entries.get(request)
      const [error] = errorsOf(result)
      if (entry) entry.outcome = error ? String(error.extensions['code']) : 'OK'
    },
    onResponse({ request, response }) {
      const entry = entries.get(request)
      if (!entry) return
      entries.delete(request)
      const { startedAt, kind, operation, outcome = response.ok ? 'OK' : 'BAD_USER_INPUT' } = entry
      operationDone({ kind, operation, outcome }, (performance.now() - startedAt) / 1_000)
    },
  }
}
