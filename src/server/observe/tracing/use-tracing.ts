import {
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import { type DocumentNode, getOperationAST } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import type { Context } from '../../../context.js'
import { requestIdOf } from '../../http/request-id.js'
import { rootFieldOf } from '../describe.js'

const PATH = '/graphql'
/** Error codes that mark a span as failed. The other codes are faults of the client. */
const FAILURES = new Set(['INTERNAL_SERVER_ERROR', 'CACHE_UNAVAILABLE', 'DATABASE_UNAVAILABLE'])

const headers: TextMapGetter<Headers> = {
  get: (carrier, key) => carrier.get(key) ?? undefined,
  keys: (carrier) => [...carrier.keys()],
}

interface Spans {
  readonly http: Span
  operation?: Span
}

/**
 * Creates a span for each GraphQL request and a child span for its operation, named by its root field as in the metrics. The
 * spans contain no name, text or variable of the client. If the client sends `traceparent`, its span is the parent. Requests
 * for health, metrics and the console's files have no span. The spans of a subscription end when its stream begins.
 */
export function useTracing(tracer: Tracer): Plugin<Context> {
  const requests = new WeakMap<Request, Spans>()

  /** Wraps the function that runs an operation, so that it runs within the operation's span. */
  function within<A extends readonly unknown[], R>(
    request: Request,
    { document, operationName }: { document: DocumentNode; operationName?: string | null | undefined },
    run: (...args: A) => R,
  ): (...args: A) => R {
    const spans = requests.get(request)
    const operation = getOperationAST(document, operationName)
    if (!spans || !operation) return run
    const kind = operation.operation
    spans.operation = tracer.startSpan(
      `${kind} ${rootFieldOf(document, operation.selectionSet)}`,
      { attributes: { 'graphql.operation.type': kind } },
      trace.setSpan(context.active(), spans.http),
    )
    const inside = trace.setSpan(context.active(), spans.operation)
    return (...args) => context.with(inside, () => run(...args))
  }

  return {
    instrumentation: {
      async request({ request }, wrapped) {
        if (new URL(request.url).pathname !== PATH) {
          await wrapped()
          return
        }
        const parent = propagation.extract(ROOT_CONTEXT, request.headers, headers)
        const attributes = {
          'http.request.method': request.method,
          'url.path': PATH,
          'affinityql.request_id': requestIdOf(request),
        }
        const http = tracer.startSpan(
          `${request.method} ${PATH}`,
          { kind: SpanKind.SERVER, attributes },
          parent,
        )
        const spans: Spans = { http }
        requests.set(request, spans)
        try {
          await context.with(trace.setSpan(parent, http), wrapped)
        } finally {
          spans.operation?.end()
          http.end()
        }
      },
    },
    onExecute({ args, context: { request }, executeFn, setExecuteFn }) {
      setExecuteFn(within(request, args, executeFn))
    },
    onSubscribe({ args, context: { request }, subscribeFn, setSubscribeFn }) {
      setSubscribeFn(within(request, args, subscribeFn))
    },
    // At this point errors have their public codes.
    onExecutionResult({ request, result }) {
      const operation = requests.get(request)?.operation
      if (!operation) return
      const error = result && !Array.isArray(result) && 'errors' in result ? result.errors?.[0] : undefined
      if (error) {
        const code = String(error.extensions?.['code'])
        operation.setAttribute('error.type', code)
        if (FAILURES.has(code)) operation.setStatus({ code: SpanStatusCode.ERROR })
      }
      operation.end()
    },
    onResponse({ request, response }) {
      const http = requests.get(request)?.http
      http?.setAttribute('http.response.status_code', response.status)
      if (response.status >= 500) http?.setStatus({ code: SpanStatusCode.ERROR })
    },
  }
}
