import type {
  GatewayNodes,
  Generation,
  NamedApiKey,
  NodeClear,
  PlanFacts,
} from '../../gateway/nodes/gateway-nodes.js'
import { batchesOf } from '../../util/batches.js'
import type { AffinityReader } from '../affinity-reader.js'
import type { AffinityRecord } from '../affinity-record.js'
import type { AffinityStore } from '../affinity-store.js'
import type { FollowUps } from '../follow-up/follow-up.js'
import { type AffinityClearer, createAffinityClearer } from './affinity-clearer.js'
import type { ClearOptions, ClearReport, FirstReport } from './clear-report.js'
import type { ClearStop } from './clear-stop.js'
import { type ClearWarning, warnings } from './clear-warning.js'
import type { LiveRecords } from './meant-calls.js'
import { trackedWatch } from './tracked-watch.js'
import type { ClearWatch, WriteBackGuard } from './write-back-guard.js'

/** Keys of one read. */
const READ_BATCH = 1_000
/** Milliseconds from which an answer about a group is slow: an index answers sooner. */
const SLOW_MS = 100
/** A pin that was used so many seconds ago may be in a worker's memory again soon. */
const IN_USE_SECONDS = 60

/** What clears read from the gateway's tables. None of these throws: without an answer a clear does less, and says so. */
export interface ClearTables {
  /** Which of these ids are ids of API keys. */
  apiKeysThere(ids: readonly string[]): Promise<ReadonlySet<string>>
  /** An API key with a name that is not standalone: one of these, or else another one of their users. */
  namedApiKey(ids: readonly string[]): Promise<NamedApiKey | undefined>
  /** The seconds for which the pins of these provider keys last after each use. */
  ttlSeconds(providerKeyIds: readonly string[]): Promise<ReadonlyMap<string, number>>
}

export interface ClearDeps {
  readonly store: AffinityStore
  readonly guard: WriteBackGuard
  readonly stop: ClearStop
  readonly followUps: Pick<FollowUps, 'open'>
  readonly countInvalidations: (count: number) => Promise<void>
  /** Undefined: none is configured. */
  readonly nodes: GatewayNodes | undefined
  readonly generation: () => Generation
  readonly clearsAtOnce: boolean
  readonly reader: () => AffinityReader
  readonly tables: ClearTables
  /** The TTL of pins whose provider key sets no other, in seconds. */
  readonly defaultTtlSeconds: number
  /** Unix milliseconds. */
  readonly now: () => number
}

export type ClearParts = ReturnType<typeof createClearParts>

/** Makes what the clears of every generation share: the reads, the removal from Redis, and the warnings. */
export function createClearParts(deps: ClearDeps) {
  const { store, nodes, generation, tables } = deps

  const redis = (watch: ClearWatch): AffinityClearer =>
    createAffinityClearer({
      store,
      guard: watch,
      stop: deps.stop,
      countInvalidations: deps.countInvalidations,
    })

  const facts: PlanFacts = {
    relatives: (records) =>
      deps.reader().matching({
        any: [
          {
            providerId: new Set(records.map(({ providerId }) => providerId)),
            affinityKey: new Set(records.map(({ affinityKey }) => affinityKey)),
          },
        ],
      }),
    apiKeysThere: tables.apiKeysThere,
  }

  async function read(records: readonly AffinityRecord[]): Promise<readonly AffinityRecord[]> {
    const found: AffinityRecord[] = []
    for (const some of batchesOf(records, READ_BATCH)) {
      const batch = await store.read(some.map(({ key }) => key))
      for (const record of batch.records) found.push(record)
    }
    return found
  }

  /** A reader that took long for its first answer, until the same time has passed again. */
  let slow: { readonly reader: AffinityReader; readonly until: number } | undefined

  const live: LiveRecords = {
    read,
    // If each question reads the whole cache, those of one clear must not read it for each of very many groups.
    async sharing({ dimension, value }) {
      const begun = performance.now()
      const isKept = slow !== undefined && begun < slow.until
      const reader = slow && isKept ? slow.reader : deps.reader()
      const found = await reader.matching({ all: { [dimension]: new Set([value]) } })
      const took = performance.now() - begun
      if (!isKept) slow = took > SLOW_MS ? { reader, until: performance.now() + took } : undefined
      return found
    },
  }

  async function inUse(records: readonly AffinityRecord[]): Promise<number> {
    const ttls = await tables.ttlSeconds([...new Set(records.map(({ providerKeyId }) => providerKeyId))])
    const since = deps.now() / 1_000 - IN_USE_SECONDS
    return records.filter(
      ({ expiresAt, providerKeyId }) =>
        expiresAt - (ttls.get(providerKeyId) ?? deps.defaultTtlSeconds) > since,
    ).length
  }

  async function mayReturn(records: readonly AffinityRecord[], why: string): Promise<ClearWarning[]> {
    const count = await inUse(records)
    return count > 0 ? [warnings.mayReturn(count, why)] : []
  }

  const whyTheyReturn = (): string =>
    nodes === undefined
      ? 'Set GATEWAY_URLS, so that clears reach the memory of the gateway’s workers as well.'
      : generation() === 'ENDPOINT_KEYS'
        ? 'Clear as an administrator who signed in, or set GATEWAY_TOKEN, so that clears reach the memory of the gateway’s workers as well.'
        : 'Set GATEWAY_TOKEN, so that clears reach the memory of the gateway’s workers as well.'

  /** The nodes, if this administrator's clear may call them. */
  async function reachable(actorId: string | null): Promise<GatewayNodes | undefined> {
    return nodes && (await nodes.mayCall(actorId)) ? nodes : undefined
  }

  /** What a plan leaves: known before any node is called. */
  const ofPlan = (notClearable: readonly AffinityRecord[], isLeft: boolean): ClearWarning[] =>
    notClearable.length > 0 ? [warnings.notClearable(notClearable, isLeft)] : []

  const ofNodes = (results: readonly NodeClear[]): ClearWarning[] => {
    const missed = results.filter(({ ok }) => !ok)
    return missed.length > 0 ? [warnings.nodesMissed(missed)] : []
  }

  /** Behind one address of these gateways stand processes that a clear does not reach. */
  const ofBalancers = (): ClearWarning[] => {
    const balanced = (nodes?.states() ?? []).filter(({ alternates }) => alternates === true)
    const error =
      'its answers come from several processes, and a clear reaches one of them: name each process in GATEWAY_URLS'
    return balanced.length > 0 ? [warnings.nodesMissed(balanced.map(({ url }) => ({ url, error })))] : []
  }

  async function countAll(): Promise<number> {
    let count = 0
    for await (const keys of store.allKeys()) count += keys.length
    return count
  }

  /** The nodes that the last look found away, or whose token may not clear. */
  function foreseenMissed(): ClearWarning[] {
    const away = (nodes?.states() ?? []).filter(
      ({ reachable: isThere, canClear }) => isThere === false || canClear === false,
    )
    return away.length > 0 ? [warnings.nodesMissed(away)] : []
  }

  /** Runs a clear, and says what comes back of it. */
  async function watched(
    { auditEventId }: Pick<ClearOptions, 'auditEventId'>,
    isMirror: boolean,
    onReturned: ((record: AffinityRecord) => void) | undefined,
    run: (watch: ClearWatch) => Promise<FirstReport>,
  ): Promise<ClearReport> {
    const guarded = deps.guard.watch({ removes: !isMirror, ...(onReturned && { onReturned }) })
    const watch =
      auditEventId === undefined
        ? guarded
        : trackedWatch(guarded, deps.followUps.open(auditEventId, { isMirror }))
    const report = await run(watch).finally(() => watch.end())
    return { ...report, writtenBack: watch.writtenBack }
  }

  return {
    redis,
    facts,
    live,
    mayReturn,
    whyTheyReturn,
    reachable,
    ofPlan,
    ofNodes,
    ofBalancers,
    foreseenMissed,
    countAll,
    watched,
  }
}
