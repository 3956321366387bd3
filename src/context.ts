import type { AffinityChanges } from './affinities/affinity-changes.js'
import type { AffinityReader } from './affinities/affinity-reader.js'
import type {
  AffinityHistory,
  AffinitySizes,
  AffinitySource,
  ObservedFigures,
} from './affinities/affinity-source.js'
import type { AffinityStore } from './affinities/affinity-store.js'
import type { ClearFacts } from './affinities/clear/clear-facts.js'
import type { HoldingClearer } from './affinities/clear/clear-report.js'
import type { RemovedPin } from './affinities/clear/cleared-pins.js'
import type { Crossings } from './affinities/crossings.js'
import type { ForeignFamilies } from './affinities/family-counts.js'
import type { FollowUps } from './affinities/follow-up/follow-up.js'
import type { AuditReader } from './audit/audit-reader.js'
import type { AuditTrail } from './audit/audit-trail.js'
import type { FixedFigures, GatewayStore, GatewayTraits } from './gateway/gateway.js'
import type { NodeState } from './gateway/nodes/gateway-nodes.js'
import type { Judge, JudgedPin } from './gateway/usability.js'
import type { ApiKeyOwners } from './loaders/api-key-owners.js'
import type { Loaders } from './loaders/index.js'
import type { ModelMappingReader } from './model-mappings/model-mapping-source.js'
import type { ModelMappingStore } from './model-mappings/model-mapping-store.js'
import type { PoolSessionReader } from './pool-sessions/pool-session-source.js'
import type { PoolSessionStore } from './pool-sessions/pool-session-store.js'
import type { ReadingPrisma } from './postgres/database-errors.js'
import type { Login } from './session/authenticator.js'
import type { Viewer } from './session/viewer.js'
import type { StatisticsReader } from './statistics/statistics.js'
import type { UsageChains } from './usage/usage-chains.js'
import type { UsageRows } from './usage/usage-rows.js'
import type { Streams } from './util/open-streams.js'
import type { Turns } from './util/turns.js'

/** Context of a request for the resolvers. Stores are ports; the only database client in it is for Pothos. */
export interface Context {
  /**
   * What Pothos computes of a document. `limit`: whether it asks for too much at once, whatever is in the stores. `price`:
   * what the viewer pays before it runs. `event`: what each event of a subscription costs.
   */
  readonly measure: 'limit' | 'price' | 'event'
  /** False if viewers have no budgets. */
  readonly isCharged: boolean
  /**
   * Takes a cost from the viewer's budget: 1 for each record, row or key that is about to be read.
   * @throws RateLimitedError if the budget is too small
   */
  pay(cost: number): Promise<void>
  /**
   * Pays for a read whose size nobody can choose: at most half of the budget, so that no read is refused for ever.
   * @throws RateLimitedError if the budget is too small
   */
  payForRead(size: number): Promise<void>
  /** Answers by a large read: the viewer pays for it, and requests that ask the same at the same moment share it. */
  shared<T>(read: SharedRead<T>): Promise<T>
  /** Lets this query take so many seconds in all, if they are more than the limit of queries. */
  mayTake(seconds: number): void
  /** Calls the listener when more time is asked for. There is one listener. */
  onMayTake(listener: (seconds: number) => void): void
  /** What is kept of an answer to this question, if anything. */
  kept(question: string): unknown
  /** Uses the rows that the walks of the last seconds have read, and adds to them what this request reads. */
  joinWalk(): void
  /** Continues with what a shared read has read: its index, and its rows. */
  adopt(readers: Readers): void
  /** Shares the event loop between the events of all streams, and between large selections. */
  readonly turns: Turns
  /** What is known of the number of live affinities, without a read. */
  readonly affinitySizes: AffinitySizes
  /**
   * Returns the viewer. The token is checked at the first call, so that `login` works with an expired token in the header.
   * @throws UnauthenticatedError without a valid token; UnavailableError if the token cannot be checked
   */
  viewer(): Promise<Viewer>
  /**
   * Checks the token again and again, for operations that last longer than a request. `onLost` is called once, with the error
   * that `viewer` would throw. Returns a function that stops it. See ViewerWatch.
   */
  watchViewer(onLost: (error: unknown) => void): () => void
  /** Returns the viewer if `viewer()` has found it already; for the log. */
  knownViewer(): Viewer | undefined
  readonly requestId: string
  /** Address of the client, for rate limits and the audit. */
  readonly clientAddress: string
  readonly userAgent: string | null
  /** Reads affinities as of one moment of this request. */
  readonly affinities: AffinityReader
  /** Reads the cache itself, for the few operations that the index cannot serve. */
  readonly affinityStore: AffinityStore
  readonly clearer: HoldingClearer
  /** What is known of the gateway's nodes, one for each of GATEWAY_URLS. */
  gatewayNodes(): readonly NodeState[]
  /** How clears reach the gateway now. */
  clearFacts(): ClearFacts
  /** The text before each of the gateway's keys in Redis, without its colon; null if there is none. */
  readonly keyPrefix: string | null
  readonly audit: AuditTrail
  readonly auditReader: AuditReader
  /** Client for Pothos's Prisma plugin only. Resolvers use readers. */
  readonly prisma: ReadingPrisma
  readonly metrics: ClearMetrics
  /** Reads the counters of all gateways together. */
  readonly statistics: StatisticsReader
  /** Returns the counts of changes that this service has seen. */
  observed(): ObservedFigures
  readonly history: AffinityHistory
  readonly changes: AffinityChanges
  readonly followUps: Pick<FollowUps, 'find' | 'watch'>
  /** Share of a provider key's capacity that is kept for pinned requests, 0 to 1. */
  readonly cacheReservationRatio: number
  /** Reads the model caches as of one moment of this request, which the viewer pays for once. */
  readonly mappings: ModelMappingReader
  /** About the number of keys of the cache, as the last walks have found it; 0 before the first. */
  scannedKeys(): number
  /** Store of the model-mapping caches, for clears and for counters of uses. */
  readonly modelMappings: ModelMappingStore
  /** Reads the sessions of pools as of one moment of this request. */
  readonly poolSessions: PoolSessionReader
  /** Store of the sessions of pools; for clears. */
  readonly poolSessionStore: PoolSessionStore
  readonly foreignFamilies: ForeignFamilies
  readonly gateway: GatewayStore
  /** The gateway's usage rows. */
  readonly usage: UsageRows
  /** The gateway's usage rows as chains of requests. */
  readonly chains: UsageChains
  /** Returns what clears of this instance have removed within an hour, as far as it saw it. */
  clearedPins(): readonly RemovedPin[]
  readonly gatewayFigures: FixedFigures
  /** Returns what the latest look at the gateway's tables found. */
  gatewayTraits(): GatewayTraits
  readonly loaders: Loaders
  /** Judges pins by rows that are read now, and not by those of this request. */
  judgeNow(pins: readonly JudgedPin[]): Promise<Judge>
  readonly apiKeyOwners: ApiKeyOwners
  /**
   * Replaces the loaders and readers if they are over one second old, for subscriptions: otherwise these would see old rows
   * for ever.
   * @param since they must not be older than this either, as `performance.now()`
   */
  refresh(since?: number): void
  /**
   * Lets go of the rows, when the answer is made: what knows a context, by whichever weak map, lasts until the next full
   * garbage collection, and so would they.
   */
  release(): void
  /** Replaces the readers of the cache, after this request has changed the cache. */
  refreshReaders(): void
  /** Calls the listener with each change to an affinity; returns a function that stops it. See AffinitySource.events. */
  onAffinityEvent: AffinitySource['events']
  readonly crossings: Crossings
  /**
   * Returns a context of the service itself, at most a second old: nobody pays for what it reads. Those who ask for it at the
   * same moment share it.
   */
  ofService(): Promise<Context>
  readonly streams: Streams
  /** Closes the connection of a client that reads too slowly. */
  disconnect(): void
  /** Aborts when the client disconnects. A mutation then starts no further field. */
  readonly clientGone: AbortSignal
  /** Stops the work of this request: it issues no further SQL statement. */
  stop(reason: unknown): void
  readonly stopped: AbortSignal
  /** Signs in; returns null if the credentials are wrong. */
  login(name: string, password: string): Promise<Login | null>
  /** Returns the function that revokes the token of this request, whose viewer then has to be found anew. See Authenticator. */
  signOut(): Promise<() => Promise<void>>
  /** Returns the masked form of a stored key; null if it cannot be decrypted. */
  maskStoredKey(stored: string | null): string | null
  /** Adds an entry to the answer's `extensions`. */
  note(name: string, value: unknown): void
  readonly notes: ReadonlyMap<string, unknown>
  /** Returns the time in Unix seconds, with fractions. */
  now(): number
  /** Returns the cache's own time, by which records expire, in Unix seconds; ours while it is unknown. */
  cacheNow(): number
}

/** A read whose size depends on what the stores hold. */
export interface SharedRead<T> {
  /** Is equal for reads that have the same answer. */
  readonly question: string
  /** Estimates the number of records, rows and keys that are read; asked again after the read. */
  size(): number | Promise<number>
  /**
   * Given if a large answer may be given again to those who ask within some seconds: returns it as it is kept, without what
   * belongs to the requests that read it.
   */
  readonly keep?: (answer: T) => T
  /** The size from which on the answer is kept. */
  readonly keptFrom?: number
  /** Takes turns with reads of its own kind. Default: affinities. */
  readonly of?: 'usage'
  /**
   * Reads through these readers alone. They are younger than all requests that share the read. The signal is aborted when
   * nobody waits for the answer any more.
   */
  run(readers: Readers, signal: AbortSignal): Promise<T>
}

/** The readers of a request, or of a read that several requests share. */
export interface Readers {
  readonly affinities: AffinityReader
  readonly gateway: GatewayStore
  readonly loaders: Loaders
}

/** Counters of clears. */
export interface ClearMetrics {
  clearDone(action: string, outcome: 'done' | 'dry' | 'failed', clearedCount: number): void
}
