import type { IncomingMessage, ServerResponse } from 'node:http'
import { type CORSOptions, createYoga, type YogaServerInstance } from 'graphql-yoga'
import type { Logger } from 'pino'
import type { Context } from '../context.js'
import { createApiKeyOwners } from '../loaders/api-key-owners.js'
import { schema } from '../schema/index.js'
import type { Credentials } from '../session/authenticator.js'
import type { Admission } from '../util/admission.js'
import { createKeptAnswers } from '../util/kept-answers.js'
import { remembered } from '../util/promises.js'
import { createSharedRuns } from '../util/shared-runs.js'
import { createTurns } from '../util/turns.js'
import type { BodyBudget } from './http/body-budget.js'
import { cameOverTls, clientAddress, TRUST_NOBODY, type TrustProxy } from './http/client-address.js'
import { DEVICE_HEADER, deviceIdOf } from './http/device-id.js'
import { type Health, useHealth } from './http/health.js'
import { requestIdOf } from './http/request-id.js'
import { useGraphiql } from './http/use-graphiql.js'
import { useJsonRequests } from './http/use-json-requests.js'
import { useSecurityHeaders } from './http/use-security-headers.js'
import { createCostLimiter } from './limits/cost-limiter.js'
import { EVENTS_AT_ONCE } from './limits/subscribe-in-turns.js'
import { useAdmission } from './limits/use-admission.js'
import { useBoundedErrors } from './limits/use-bounded-errors.js'
import { useIntrospection } from './limits/use-introspection.js'
import { DOCUMENT_LIMITS, useLimits, useMaxFields } from './limits/use-limits.js'
import { useOneErrorPerField } from './limits/use-one-error-per-field.js'
import { useRateLimit } from './limits/use-rate-limit.js'
import { type TrustedDocuments, useTrustedDocuments } from './limits/use-trusted-documents.js'
import { createErrorMask } from './mask-error.js'
import type { Metrics } from './observe/metrics.js'
import type { Tracing } from './observe/tracing/tracing.js'
import { useMetrics, useOperationMetrics } from './observe/use-metrics.js'
import { useRequestLog } from './observe/use-request-log.js'
import { type ContextDeps, createContext, createServiceContext } from './request-context.js'
import { useAnswersInBytes } from './use-answers-in-bytes.js'
import { useCancellation } from './use-cancellation.js'
import { useCompiledQueries } from './use-compiled-queries.js'
import { useDocumentCache } from './use-document-cache.js'
import { useEventStreams } from './use-event-streams.js'
import { useResponseExtensions } from './use-response-extensions.js'

/** With the time of a request, verdicts are at most 5 s old. */
const KEPT_MS = 4_000
/** What sweeps read is shared by all filters that are looked at within this time, in milliseconds. */
const SERVICE_CONTEXT_MS = 1_000

export interface YogaDeps
  extends Omit<
    ContextDeps,
    'apiKeyOwners' | 'budgets' | 'ofService' | 'keptAnswers' | 'sharedRuns' | 'usageRuns' | 'turns'
  > {
  readonly logger: Logger
  readonly readHealth: () => Promise<Health>
  readonly metrics: Metrics
  /** Renders the text of `/metrics` in the Prometheus format. */
  readonly renderMetrics: () => Promise<string>
  /** True if `/metrics` needs no token. */
  readonly metricsPublic: boolean
  readonly trustProxy?: TrustProxy
  /** Bounds the operations in flight. */
  readonly admission: Admission
  /** Called for each operation that is refused because too many are in flight. */
  readonly onOverload: () => void
  /** Memory for request bodies while they arrive. */
  readonly bodies: BodyBudget
  /** Limits over time; 0: no limit. The limits of a single document are in use-limits.ts. */
  readonly limits: {
    readonly viewerCostPerMinute: number
    readonly addressCostPerMinute: number
    readonly operationSeconds: number
  }
  /** Other origins whose pages may send requests (CORS). */
  readonly corsOrigins: readonly string[]
  readonly tracing?: Tracing | undefined
  /** True in production: introspection and GraphiQL are off, and error messages suggest no names. */
  readonly production: boolean
  /** If it is set, only these documents run, and GraphiQL is not served. */
  readonly trustedDocuments?: TrustedDocuments | undefined
}

/** Context that Node's adapter passes to Yoga. Tests without HTTP pass a client address instead. */
export interface ServerContext {
  readonly req?: IncomingMessage
  readonly res?: ServerResponse
  readonly clientAddress?: string
}

export type Yoga = YogaServerInstance<ServerContext, Context>

/** Creates the GraphQL server: a function from request to response, which does not listen by itself. */
export function createGraphqlServer(deps: YogaDeps): Yoga {
  const { logger, production, trustedDocuments, bodies, trustProxy = TRUST_NOBODY } = deps
  const addressOf = (server: ServerContext) =>
    server.req ? clientAddress(server.req, trustProxy) : (server.clientAddress ?? 'unknown')
  const credentialsOf = (request: Request, server: ServerContext): Credentials => ({
    authorization: request.headers.get('authorization'),
    deviceId: deviceIdOf(request),
    address: addressOf(server),
  })
  const authenticate = (request: Request, server: ServerContext) =>
    deps.authenticator.authenticate(credentialsOf(request, server))
  const contextDeps: ContextDeps = {
    ...deps,
    budgets: limiterOf(deps.limits.viewerCostPerMinute),
    apiKeyOwners: createApiKeyOwners(deps.gateway),
    sharedRuns: createSharedRuns(),
    usageRuns: createSharedRuns(),
    keptAnswers: createKeptAnswers(KEPT_MS),
    turns: createTurns(EVENTS_AT_ONCE),
    ofService: remembered(async () => createServiceContext(contextDeps), SERVICE_CONTEXT_MS),
  }

  const admission = useAdmission(deps.admission, deps.onOverload)

  return createYoga<ServerContext, Context>({
    schema,
    graphiql: false,
    landingPage: false,
    cors: deps.corsOrigins.length > 0 && allowing(deps.corsOrigins),
    batching: false,
    multipart: false,
    logging: false,
    // `useJsonRequests` limits bodies. Yoga's own limit would put one more buffer before it.
    maxRequestBodySize: false,
    // Yoga's cache keeps what strangers send, and counts documents in place of bytes.
    parserAndValidationCache: false,
    maskedErrors: {
      maskError: createErrorMask((error) => logger.error({ err: error }, 'unexpected error')),
    },
    context: ({ request, ...server }) =>
      createContext(contextDeps, {
        credentials: credentialsOf(request, server),
        requestId: requestIdOf(request),
        userAgent: request.headers.get('user-agent'),
        clientGone: request.signal,
        disconnect: () => server.res?.destroy(),
        place: admission.placeOf(request),
      }),
    plugins: [
      useAnswersInBytes(),
      useDocumentCache(),
      useCompiledQueries(),
      ...(deps.tracing ? [deps.tracing.plugin] : []),
      useRequestLog(logger, addressOf),
      useSecurityHeaders<ServerContext>(
        (server) => server.req !== undefined && cameOverTls(server.req, trustProxy),
      ),
      useHealth(deps.readHealth),
      useMetrics<ServerContext>({
        authenticate,
        isPublic: deps.metricsPublic,
        contentType: deps.metrics.registry.contentType,
        render: deps.renderMetrics,
      }),
      useOperationMetrics((operation, seconds) => deps.metrics.operationDone(operation, seconds)),
      ...(production || trustedDocuments ? [] : [useGraphiql()]),
      useJsonRequests(bodies),
      admission.plugin,
      useRateLimit({
        addresses: limiterOf(deps.limits.addressCostPerMinute),
        addressOf,
        authenticate,
        isFree: admission.isRefused,
      }),
      useLimits(),
      useMaxFields(DOCUMENT_LIMITS.fields),
      useCancellation(deps.limits.operationSeconds),
      ...(trustedDocuments ? [useTrustedDocuments(trustedDocuments)] : []),
      useIntrospection({ enabled: !production }),
      useOneErrorPerField(),
      // This is after the plugin above, so that equal errors do not take the place of others.
      useBoundedErrors({ suggestNames: !production }),
      useResponseExtensions(),
      useEventStreams(),
    ],
  })
}

const limiterOf = (costPerMinute: number) =>
  costPerMinute > 0 ? createCostLimiter(costPerMinute) : undefined

/** Creates the CORS options. Tokens travel in a header, so that the browser's credentials are never needed. */
const allowing =
  (origins: readonly string[]) =>
  (request: Request): CORSOptions => {
    const origin = request.headers.get('origin')
    if (origin === null || !origins.includes(origin)) return false
    return {
      origin: [origin],
      credentials: false,
      methods: ['POST', 'GET'],
      allowedHeaders: ['authorization', 'content-type', 'x-request-id', DEVICE_HEADER],
      exposedHeaders: ['retry-after', 'x-request-id'],
      maxAge: 600,
    }
  }
