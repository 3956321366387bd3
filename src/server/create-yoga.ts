import type { IncomingMessage, ServerResponse } from 'node:http'
import { createYoga, type YogaServerInstance } from 'graphql-yoga'
import type { Logger } from 'pino'
import type { Context } from '../context.js'
import { schema } from '../schema/index.js'
import { clientAddress, TRUST_NOBODY, type TrustProxy } from './client-address.js'
import type { Health } from './health.js'
import { createErrorMask } from './mask-error.js'
import type { Metrics } from './metrics.js'
import { type ContextDeps, createContext } from './request-context.js'
import type { Tracing } from './tracing/tracing.js'
import { useConsole } from './use-console.js'
import { useGraphiql } from './use-graphiql.js'
import { useHealth } from './use-health.js'
import { useIntrospection } from './use-introspection.js'
import { useJsonRequests } from './use-json-requests.js'
import { useLimits } from './use-limits.js'
import { useMetrics } from './use-metrics.js'
import { useNoSuggestions } from './use-no-suggestions.js'
import { useNotes } from './use-notes.js'
import { useOneErrorPerField } from './use-one-error-per-field.js'
import { useOperationMetrics } from './use-operation-metrics.js'
import { requestIdOf, useRequestLog } from './use-request-log.js'
import { useSecurityHeaders } from './use-security-headers.js'
import { type TrustedDocuments, useTrustedDocuments } from './use-trusted-documents.js'

/** Largest request body, in bytes: a document at its limits with its variables is far below. */
export const MAX_BODY_BYTES = 256 * 1024

export interface YogaDeps extends ContextDeps {
  readonly logger: Logger
  readonly readHealth: () => Promise<Health>
  readonly metrics: Metrics
  /** What `/metrics` shows, in the Prometheus text format. */
  readonly renderMetrics: () => Promise<string>
  /** Whether `/metrics` needs no token. */
  readonly metricsPublic: boolean
  readonly trustProxy?: TrustProxy
  readonly tracing?: Tracing | undefined
  /** The built console; where there is none, none is served. */
  readonly consoleDirectory: string
  /** In production nobody may introspect, GraphiQL is not served and errors suggest no names. */
  readonly production: boolean
  /** Where given, these documents are run and no others, and GraphiQL is not served. */
  readonly trustedDocuments?: TrustedDocuments | undefined
}

/** What Node's adapter hands to Yoga; a test in process may give an address instead. */
export interface ServerContext {
  readonly req?: IncomingMessage
  readonly res?: ServerResponse
  readonly clientAddress?: string
}

export type Yoga = YogaServerInstance<ServerContext, Context>

/** The GraphQL server as a function from request to response, with nothing listening yet. */
export function createGraphqlServer(deps: YogaDeps): Yoga {
  const { logger, production, trustedDocuments, trustProxy = TRUST_NOBODY } = deps
  const addressOf = (server: ServerContext) =>
    server.req ? clientAddress(server.req, trustProxy) : (server.clientAddress ?? 'unknown')

  return createYoga<ServerContext, Context>({
    schema,
    graphiql: false,
    landingPage: false,
    cors: false,
    batching: false,
    multipart: false,
    logging: false,
    maxRequestBodySize: MAX_BODY_BYTES,
    maskedErrors: {
      maskError: createErrorMask((error) => logger.error({ err: error }, 'unexpected error')),
    },
    context: ({ request, ...server }) =>
      createContext(deps, {
        authorization: request.headers.get('authorization'),
        requestId: requestIdOf(request),
        clientAddress: addressOf(server),
        userAgent: request.headers.get('user-agent'),
        disconnect: () => server.res?.destroy(),
      }),
    plugins: [
      ...(deps.tracing ? [deps.tracing.plugin] : []),
      useRequestLog(logger),
      useSecurityHeaders(),
      useHealth(deps.readHealth),
      useMetrics({
        authenticate: (authorization) => deps.authenticator.authenticate(authorization),
        isPublic: deps.metricsPublic,
        contentType: deps.metrics.registry.contentType,
        render: deps.renderMetrics,
      }),
      useConsole({ directory: deps.consoleDirectory }),
      useOperationMetrics((operation, seconds) => deps.metrics.operationDone(operation, seconds)),
      ...(production ? [useNoSuggestions()] : trustedDocuments ? [] : [useGraphiql()]),
      useJsonRequests({ maxBodyBytes: MAX_BODY_BYTES }),
      useLimits(),
      ...(trustedDocuments ? [useTrustedDocuments(trustedDocuments)] : []),
      useIntrospection({ enabled: !production }),
      useOneErrorPerField(),
      useNotes(),
    ],
  })
}
