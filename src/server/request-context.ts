import type { AffinitySource } from '../affinities/affinity-source.js'
import type { AffinityStore } from '../affinities/affinity-store.js'
import type { HoldingClearer } from '../affinities/clear/holding-clearer.js'
import type { AuditReader } from '../audit/audit-reader.js'
import type { AuditTrail } from '../audit/audit-trail.js'
import type { ClearMetrics, Context } from '../context.js'
import { UnauthenticatedError } from '../errors.js'
import type { FixedFigures, GatewayStore } from '../gateway/gateway.js'
import type { KeyMasker } from '../gateway/masking.js'
import type { GatewayNodes } from '../gateway/nodes/gateway-nodes.js'
import { createLoaders } from '../loaders/index.js'
import type { ModelMappingSource } from '../model-mappings/model-mapping-reader.js'
import type { ModelMappingStore } from '../model-mappings/model-mapping-store.js'
import type { ReadingPrisma } from '../postgres/database-errors.js'
import type { Authenticator } from '../session/authenticator.js'
import type { Viewer } from '../session/viewer.js'
import type { StatisticsReader } from '../statistics/statistics.js'
import type { Streams } from '../util/open-streams.js'

/** Parts that all requests share. */
export interface ContextDeps {
  readonly authenticator: Authenticator
  readonly affinitySource: AffinitySource
  readonly affinityStore: AffinityStore
  readonly streams: Streams
  readonly clearer: HoldingClearer
  /** The nodes of the gateway; undefined if none is configured. */
  readonly gatewayNodes: GatewayNodes | undefined
  readonly audit: AuditTrail
  readonly auditReader: AuditReader
  readonly prisma: ReadingPrisma
  readonly metrics: ClearMetrics
  readonly statistics: StatisticsReader
  readonly cacheReservationRatio: number
  readonly mappingSource: ModelMappingSource
  readonly modelMappings: ModelMappingStore
  readonly gateway: GatewayStore
  readonly gatewayFigures: FixedFigures
  readonly maskStoredKey: KeyMasker
  /** Unix milliseconds. */
  readonly now: () => number
}

export interface RequestFacts {
  /** Aborts when the client disconnects. */
  readonly clientGone: AbortSignal
  readonly authorization: string | null
  readonly requestId: string
  readonly clientAddress: string
  readonly userAgent: string | null
  readonly disconnect: () => void
}

/** Time for which a subscription uses rows that it has read, in milliseconds. */
const REFRESH_AFTER_MS = 1_000

/** Creates the context of one request. It reads nothing from a store before it is needed. */
export function createContext(deps: ContextDeps, facts: RequestFacts): Context {
  let viewer: Promise<Viewer> | undefined
  let knownViewer: Viewer | undefined
  const notes = new Map<string, unknown>()
  const stopped = new AbortController()
  const gateway = until(stopped.signal, deps.gateway)

  async function authenticate(): Promise<Viewer> {
    const found = await deps.authenticator.authenticate(facts.authorization)
    if (!found) throw new UnauthenticatedError('Send a token: Authorization: Bearer …')
    knownViewer = found
    return found
  }

  // Yoga copies the context's properties once and would read a getter only once. So these objects stay the same, and
  // `refresh` replaces their contents.
  const affinities = { ...deps.affinitySource.reader() }
  const mappingReader = { ...deps.mappingSource.reader() }
  const loaders = createLoaders(gateway)
  let readAt = performance.now()

  function refreshReaders(): void {
    Object.assign(affinities, deps.affinitySource.reader())
    Object.assign(mappingReader, deps.mappingSource.reader())
  }

  return {
    viewer() {
      viewer ??= authenticate()
      return viewer
    },
    authenticate,
    knownViewer: () => knownViewer,
    requestId: facts.requestId,
    clientAddress: facts.clientAddress,
    userAgent: facts.userAgent,
    affinities,
    affinityStore: deps.affinityStore,
    clearer: deps.clearer,
    gatewayNodes: () => deps.gatewayNodes?.states() ?? [],
    audit: deps.audit,
    auditReader: deps.auditReader,
    prisma: deps.prisma,
    metrics: deps.metrics,
    statistics: deps.statistics,
    observed: () => deps.affinitySource.observed(),
    cacheReservationRatio: deps.cacheReservationRatio,
    mappingReader,
    modelMappings: deps.modelMappings,
    gateway,
    gatewayFigures: deps.gatewayFigures,
    loaders,
    refresh() {
      if (performance.now() - readAt <= REFRESH_AFTER_MS) return
      readAt = performance.now()
      Object.assign(loaders, createLoaders(gateway))
      refreshReaders()
    },
    refreshReaders,
    onAffinityEvent: (listener, onLost) => deps.affinitySource.events(listener, onLost),
    streams: deps.streams,
    disconnect: facts.disconnect,
    clientGone: facts.clientGone,
    stop: (reason) => stopped.abort(reason),
    stopped: stopped.signal,
    login: (email, password) => deps.authenticator.login(email, password, facts.clientAddress),
    maskStoredKey: deps.maskStoredKey,
    note(name, value) {
      notes.set(name, value)
    },
    notes,
    now: () => deps.now() / 1_000,
  }
}

/** Wraps the store so that it starts no further read after the signal has aborted. */
function until(signal: AbortSignal, gateway: GatewayStore): GatewayStore {
  const begun = Object.entries(gateway).map(([name, read]) => [
    name,
    (...args: readonly unknown[]) => {
      signal.throwIfAborted()
      return Reflect.apply(read, gateway, args)
    },
  ])
  return Object.fromEntries(begun)
}
