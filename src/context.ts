import type { AffinityReader } from './affinities/affinity-reader.js'
import type { AffinitySource, ObservedFigures } from './affinities/affinity-source.js'
import type { AffinityStore } from './affinities/affinity-store.js'
import type { AffinityClearer } from './affinities/clear/affinity-clearer.js'
import type { AuditReader } from './audit/audit-reader.js'
import type { AuditTrail } from './audit/audit-trail.js'
import type { GatewayStore } from './gateway/gateway-store.js'
import type { Loaders } from './loaders/index.js'
import type { ModelMappingReader } from './model-mappings/model-mapping-reader.js'
import type { ModelMappingStore } from './model-mappings/model-mapping-store.js'
import type { ReadingPrisma } from './postgres/reading-prisma.js'
import type { Login } from './session/authenticator.js'
import type { Viewer } from './session/viewer.js'
import type { StatisticsReader } from './statistics/statistics.js'
import type { Streams } from './util/open-streams.js'

/** What a request carries to the resolvers. Stores are ports; the one client in here is Pothos's. */
export interface Context {
  /**
   * Who asks. Looked up when first asked for, so that `login` works beside a token that has expired.
   * @throws UnauthenticatedError without a valid token; UnavailableError where it cannot be checked
   */
  viewer(): Promise<Viewer>
  /** Looks the viewer up anew, for what lasts longer than a request. Throws as `viewer`. */
  authenticate(): Promise<Viewer>
  /** The viewer as far as `viewer()` has found out by now; for the log. */
  knownViewer(): Viewer | undefined
  readonly requestId: string
  /** The client's address, for rate limits and the audit. */
  readonly clientAddress: string
  readonly userAgent: string | null
  /** Affinities as of this request. */
  readonly affinities: AffinityReader
  /** For the few things that must be asked of the cache itself. */
  readonly affinityStore: AffinityStore
  readonly clearer: AffinityClearer
  readonly audit: AuditTrail
  readonly auditReader: AuditReader
  /** For Pothos's Prisma plugin. A resolver asks a reader. */
  readonly prisma: ReadingPrisma
  readonly metrics: ClearMetrics
  /** What the gateways count, all together. */
  readonly statistics: StatisticsReader
  /** What this service has seen happen to the records. */
  observed(): ObservedFigures
  /** Share of a provider key's capacity that is kept for pinned requests, 0 to 1. */
  readonly cacheReservationRatio: number
  /** Model-mapping caches as of this request. */
  readonly mappingReader: ModelMappingReader
  /** The model-mapping caches themselves; for clears. */
  readonly modelMappings: ModelMappingStore
  readonly gateway: GatewayStore
  readonly loaders: Loaders
  /** Makes the loaders and readers anew, where they are over a second old: a subscription outlives what it has read. */
  refresh(): void
  /** Makes the readers of the cache anew: this request has changed it. */
  refreshReaders(): void
  /** Calls back with each change to an affinity; returns what stops it. See AffinitySource.events. */
  onAffinityEvent: AffinitySource['events']
  readonly streams: Streams
  /** Cuts the client's connection: it does not read what it asked for. */
  disconnect(): void
  /** Aborts when the client goes: a mutation's next field must not begin then. */
  readonly clientGone: AbortSignal
  /** Ends what this request has begun: from now on nothing more is asked of the database for it. */
  stop(reason: unknown): void
  readonly stopped: AbortSignal
  /** Null where the credentials are wrong. */
  login(email: string, password: string): Promise<Login | null>
  /** The masked form of a stored key; null where it cannot be decrypted. */
  maskStoredKey(stored: string | null): string | null
  /** Tells the client something beside the data, in the answer's `extensions`. */
  note(name: string, value: unknown): void
  readonly notes: ReadonlyMap<string, unknown>
  /** Unix seconds, with fractions. */
  now(): number
}

/** Counts of what clears did. */
export interface ClearMetrics {
  clearDone(action: string, outcome: 'done' | 'dry' | 'failed', clearedCount: number): void
}
