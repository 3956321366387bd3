import type { AffinityRecord } from '../../affinities/affinity-record.js'
import type { NodeResult } from '../../errors.js'

export type { Generation } from '../gateway.js'

/**
 * What one node did at a clear. `url` is as it was configured; `clearedCount` is what the node said that it removed, null
 * where its route gives no number; `error` is in our own words, and never has the token or the node's answer.
 */
export type NodeClear = NodeResult

/** What is known of a node before it is needed. Null: not looked at yet. */
export interface NodeState {
  readonly url: string
  readonly reachable: boolean | null
  readonly canRead: boolean | null
  readonly canClear: boolean | null
  readonly canClearAtOnce: boolean | null
  /** Its answers come from several processes: a load balancer in place of a node, or a node with workers. */
  readonly alternates: boolean | null
  readonly checkedAt: Date | null
  readonly error: string | null
}

/**
 * What the caller asked to clear, where that is wider than the records that are known. Ids are those of rows. `each`: the
 * records one by one, since others may share what they name.
 */
export type AskedFor =
  | { readonly kind: 'each' }
  | { readonly kind: 'all' }
  | { readonly kind: 'provider'; readonly providerId: string }
  | { readonly kind: 'apiKeys'; readonly ids: readonly string[] }

/** One call that a plan makes at every node. */
export interface ClearStep {
  readonly route: 'all' | 'provider' | 'apiKey' | 'single'
  /** The bytes of the path after the node's own, with its query. */
  readonly path: string
  /** The chosen records that it clears. */
  readonly records: readonly AffinityRecord[]
  /** Chosen records of other steps that it clears as well: it is meant only while all of them are. */
  readonly others?: readonly AffinityRecord[]
  /** Given if it clears whatever is in a group when it is called, though no group was asked for. */
  readonly reach?: ClearReach
}

/** The records that a call clears: those with this value of the dimension, and of these the ones that are of it. */
export interface ClearReach {
  readonly dimension: 'providerId' | 'affinityKey'
  readonly value: string
  isOf(record: AffinityRecord): boolean
}

export interface ClearPlan {
  readonly steps: readonly ClearStep[]
  /** No route can name these records without naming others as well. */
  readonly notClearable: readonly AffinityRecord[]
}

/** What the planner asks of the live records and of the tables. */
export interface PlanFacts {
  /** Every live record that shares a provider or an API key with one of the records. */
  relatives(records: readonly AffinityRecord[]): Promise<readonly AffinityRecord[]>
  /** Which of these ids are ids of API keys. None, where the tables cannot be read. */
  apiKeysThere(ids: readonly string[]): Promise<ReadonlySet<string>>
}

/** An API key with the name that it has now, which a write repeats. */
export interface NamedApiKey {
  readonly id: string
  readonly userId: string
  readonly name: string
}

export interface NodesOutcome {
  readonly nodes: readonly NodeClear[]
  /**
   * The steps that at least one node has done, each with the largest number that a node gave for it; 0 without one. A step for
   * which nothing was there is done only if no node failed: the one that failed may have it.
   */
  readonly done: ReadonlyMap<ClearStep, number>
}

/** Asked once about each step, just before its first call: whether it is still meant. It must not throw. */
export type MayCall = (step: ClearStep) => Promise<boolean>

/** The nodes of the gateway, as far as clears need them. Nothing here throws for a node that fails. */
export interface GatewayNodes {
  readonly urls: readonly string[]
  /** Whether there is a token for calls of this administrator; null: a static token of this service, which has no account. */
  mayCall(actorId: string | null): Promise<boolean>
  /** The cheapest set of routes that clears exactly these records, or what was asked for. Calls no node. */
  plan(records: readonly AffinityRecord[], asked: AskedFor | undefined, facts: PlanFacts): Promise<ClearPlan>
  /** The calls that every node may still get in this minute. */
  readonly callsLeft: number
  /** Makes these calls at every node, on fresh connections. A node that fails gets no further call of this run. */
  clear(steps: readonly ClearStep[], actorId: string | null, mayCall?: MayCall): Promise<NodesOutcome>
  /** Lets these nodes forget their ranked candidates: writes an API key's present name. */
  dropRankings(urls: readonly string[], apiKey: NamedApiKey): Promise<readonly NodeClear[]>
  states(): readonly NodeState[]
  /** Whether records are being written that no node lists, so that one may be missing; null: not known, or it cannot be told. */
  hasUnlistedRecords(): boolean | null
  /** Looks at every node now. */
  check(): Promise<void>
  /** Looks now and then at intervals. Its timer does not keep the process alive. */
  start(): void
  stop(): void
}
