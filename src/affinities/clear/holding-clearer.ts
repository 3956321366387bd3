import { setTimeout as sleep } from 'node:timers/promises'
import { UnavailableError } from '../../errors.js'
import type {
  AskedFor,
  ClearStep,
  GatewayNodes,
  Generation,
  NamedApiKey,
  NodeClear,
  PlanFacts,
} from '../../gateway/nodes/gateway-nodes.js'
import { batchesOf, removalError } from '../../redis/removal.js'
import type { AffinityReader } from '../affinity-reader.js'
import type { AffinityRecord } from '../affinity-record.js'
import type { AffinityStore } from '../affinity-store.js'
import { type AffinityClearer, createAffinityClearer } from './affinity-clearer.js'
import { type ClearWarning, NO_NODES, WHAT_TO_SET, warnings } from './clear-warning.js'
import type { ClearWatch, WriteBackGuard } from './write-back-guard.js'

/** Keys of one read. */
const READ_BATCH = 1_000
/** Write-backs that one round sends to the gateway, so that other calls get their turn. */
const RETURNED_AT_ONCE = 8
/** Milliseconds in which write-backs gather, so that a round has more than the first of them. */
const GATHER_MS = 30
/** A pin that was used so many seconds ago may be in a worker's memory again soon. */
const IN_USE_SECONDS = 60

export interface ClearOptions {
  /** What the caller asked for, where it is wider than the records. */
  readonly asked?: AskedFor | undefined
  /** Given if the selection depends on the pin; see `AffinityClearer.clear`. */
  readonly isSelected?: ((record: AffinityRecord) => boolean) | undefined
  /** The administrator who clears; null for a static token. */
  readonly actorId: string | null
}

export interface ClearReport {
  /** Distinct pins that went. */
  readonly clearedCount: number
  readonly nodes: readonly NodeClear[]
  readonly warnings: readonly ClearWarning[]
  /** The API key whose name was written again, so that the clear acts at once; null if none was. */
  readonly wroteApiKey: string | null
  /** See `ClearWatch.writtenBack`. */
  readonly writtenBack: Promise<number | null>
}

/** What a clear would do. */
export interface ClearForecast {
  readonly clearedCount: number
  readonly warnings: readonly ClearWarning[]
}

/** Clears affinities so that they stay cleared, as far as the gateway beside this service lets go of them. */
export interface HoldingClearer {
  /**
   * Answers after the first pass; what comes back is dealt with behind it.
   * @throws UnavailableError, with the nodes that were called
   */
  clear(records: readonly AffinityRecord[], options: ClearOptions): Promise<ClearReport>
  clearAll(options: Pick<ClearOptions, 'actorId'>): Promise<ClearReport>
  /** Calls no node. */
  foresee(records: readonly AffinityRecord[], options: ClearOptions): Promise<ClearForecast>
  foreseeAll(options: Pick<ClearOptions, 'actorId'>): Promise<ClearForecast>
}

/** What clears read from the gateway's tables. None of these throws: without an answer a clear does less, and says so. */
export interface ClearTables {
  /** Which of these ids are ids of API keys. */
  apiKeysThere(ids: readonly string[]): Promise<ReadonlySet<string>>
  /** An API key with a name that is not standalone: one of these, or else another one of their users. */
  namedApiKey(ids: readonly string[]): Promise<NamedApiKey | undefined>
  /** The seconds for which the pins of these provider keys last after each use. */
  ttlSeconds(providerKeyIds: readonly string[]): Promise<ReadonlyMap<string, number>>
}

export interface HoldingClearerDeps {
  readonly store: AffinityStore
  readonly guard: WriteBackGuard
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

type Report = Omit<ClearReport, 'writtenBack'>

const NOBODY: readonly NodeClear[] = []

export function createHoldingClearer(deps: HoldingClearerDeps): HoldingClearer {
  const { store, guard, nodes, generation, tables } = deps

  const redis = (watch: ClearWatch): AffinityClearer =>
    createAffinityClearer({ store, guard: watch, countInvalidations: deps.countInvalidations })

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

  // ---- gateways that route by Redis, with a memory of seconds

  /** Groups first; the single calls only if all of them fit. Those that come back get theirs later. */
  function affordable(steps: readonly ClearStep[], left: number): readonly ClearStep[] {
    const groups = steps.filter(({ route }) => route !== 'single').slice(0, left)
    const singles = steps.filter(({ route }) => route === 'single')
    return groups.length + singles.length <= left ? [...groups, ...singles] : groups
  }

  /** Lets the gateway forget what it has written back, one by one, as long as it may be called. */
  function createForgetter(gateway: GatewayNodes, actorId: string | null, newest?: number) {
    const returned = new Map<string, AffinityRecord>()
    let isRunning = false
    const run = async () => {
      if (isRunning) return
      isRunning = true
      try {
        await sleep(GATHER_MS, undefined, { ref: false })
        while (returned.size > 0 && gateway.callsLeft > 0) {
          // By chance: a balancer that takes its workers in turn would send each of the same few to the same worker again.
          const some = shuffled([...returned.values()]).slice(
            0,
            Math.min(RETURNED_AT_ONCE, gateway.callsLeft),
          )
          // The flush is still exact where nothing but write-backs is there.
          const flushes = newest !== undefined && (await isNothingNewer(newest))
          const { steps } = await gateway.plan(some, { kind: flushes ? 'all' : 'each' }, facts)
          for (const { key } of flushes ? [...returned.values()] : some) returned.delete(key)
          if (steps.length > 0) await gateway.clear(steps, actorId)
        }
      } catch {
        // The cache cannot be read, which its own log tells. The guard goes on.
      } finally {
        isRunning = false
      }
    }
    return (record: AffinityRecord): void => {
      returned.set(record.key, record)
      void run()
    }
  }

  /** The latest creation of a record, in Unix seconds by the gateway's clock; 0 if there is no record. */
  async function newestCreatedAt(): Promise<number> {
    const { records } = await deps.reader().page({
      selection: {},
      order: { field: 'CREATED_AT', direction: 'DESC' },
      first: 1,
    })
    return records[0]?.createdAt ?? 0
  }

  const isNothingNewer = async (seconds: number): Promise<boolean> => (await newestCreatedAt()) <= seconds

  async function clearInRedis(
    records: readonly AffinityRecord[],
    { isSelected }: ClearOptions,
    watch: ClearWatch,
  ): Promise<Report> {
    const clearedCount = await redis(watch).clear(records, isSelected)
    return {
      clearedCount,
      nodes: NOBODY,
      warnings: await mayReturn(records, whyTheyReturn()),
      wroteApiKey: null,
    }
  }

  async function clearAtWorkers(
    gateway: GatewayNodes,
    seen: readonly AffinityRecord[],
    { isSelected, actorId, asked }: ClearOptions,
    watch: ClearWatch,
  ): Promise<Report> {
    const now = await read(seen)
    const records = isSelected ? now.filter(isSelected) : now
    const plan = await gateway.plan(records, asked, facts)
    const steps = affordable(plan.steps, gateway.callsLeft)
    const deferred = plan.steps.filter((step) => !steps.includes(step)).flatMap((step) => step.records)
    const guarded = watch.willClear(records)
    const { clearedCount, results } = await guarded.during(async () => {
      // The gateway first: after an UNLINK its routes find nothing, and drop nothing from memory.
      const { nodes: results, done } = await gateway.clear(steps, actorId)
      const there = new Map((await read(records)).map((record) => [record.key, record]))
      const tried = new Set(steps.flatMap((step) => step.records.map(({ key }) => key)))
      const isDone = new Set([...done.keys()].flatMap((step) => step.records.map(({ key }) => key)))
      let cleared = 0
      const rest: AffinityRecord[] = []
      for (const record of records) {
        const after = there.get(record.key)
        if (after === undefined) cleared += tried.has(record.key) ? 1 : 0
        else if (after.createdAt > record.createdAt && isDone.has(record.key)) cleared += 1
        // What was pinned elsewhere meanwhile was not chosen.
        else if (!isSelected || isSelected(after)) rest.push(after)
      }
      guarded.spare(rest.map(({ key }) => key))
      try {
        return { clearedCount: cleared + (await redis(watch).clear(rest, isSelected)), results }
      } catch (error) {
        throw withNodes(removalError(error, cleared), results)
      }
    })
    return {
      clearedCount,
      nodes: results,
      warnings: [
        ...ofNodes(results),
        ...ofPlan(plan.notClearable, false),
        ...(await mayReturn(deferred, DEFERRED)),
      ],
      wroteApiKey: null,
    }
  }

  async function clearAllAtWorkers(
    gateway: GatewayNodes,
    actorId: string | null,
    newest: number,
    watch: ClearWatch,
  ): Promise<Report> {
    const before = await countAll()
    const { steps } = await gateway.plan([], { kind: 'all' }, facts)
    const { nodes: results, done } = await gateway.clear(steps, actorId)
    const removed = await redis(watch)
      .clearAll(newest)
      .catch((error: unknown) => {
        throw withNodes(error, results)
      })
    const clearedCount = done.size > 0 ? Math.max(before, removed) : removed
    return { clearedCount, nodes: results, warnings: ofNodes(results), wroteApiKey: null }
  }

  async function countAll(): Promise<number> {
    let count = 0
    for await (const keys of store.allKeys()) count += keys.length
    return count
  }

  // ---- gateways that route by the memory of their processes

  async function requireNodes(actorId: string | null): Promise<GatewayNodes> {
    const gateway = await reachable(actorId)
    if (gateway) return gateway
    throw new UnavailableError('GATEWAY_UNAVAILABLE', `${NO_NODES} Nothing was cleared.`)
  }

  const allFailed = (results: readonly NodeClear[], clearedCount: number): UnavailableError =>
    new UnavailableError(
      'GATEWAY_UNAVAILABLE',
      `No node of the gateway did it (${results.map(({ url, error }) => `${url}: ${error ?? ''}`).join('; ')}). ${clearedCount === 0 ? 'Redis was not touched.' : 'A part was cleared before.'} ${results.some(({ error }) => error?.includes('token')) ? WHAT_TO_SET : 'Repeat the clear when a node answers.'}`,
      { clearedCount, nodes: results },
    )

  async function clearAtProcesses(
    seen: readonly AffinityRecord[],
    { isSelected, actorId, asked }: ClearOptions,
    watch: ClearWatch,
  ): Promise<Report> {
    const gateway = await requireNodes(actorId)
    const now = await read(seen)
    const records = isSelected ? now.filter(isSelected) : now
    const plan = await gateway.plan(records, asked, facts)
    const cleared = new Map<ClearStep, number>()
    const meant = plan.steps.flatMap((step) => step.records)
    const { nodes: results, done } = await watch
      .willClear(meant)
      .during(() => (plan.steps.length > 0 ? gateway.clear(plan.steps, actorId) : NOTHING))
    for (const [step, count] of done) cleared.set(step, Math.max(count, step.records.length))
    const clearedCount = [...cleared.values()].reduce((sum, count) => sum + count, 0)
    const gone = [...done.keys()].flatMap((step) => step.records)
    // The gateway removes the mirrors of what it knew: those that are left are of pins that no process holds any more.
    const before = new Map(gone.map((record) => [record.key, record]))
    const left = read(gone).then((there) => there.filter((record) => isAsBefore(record, before)))
    await left
      .then((records) => store.removePins(records))
      .catch((error: unknown) => {
        throw withNodes(removalError(error, clearedCount), results)
      })
    if (results.length > 0 && results.every(({ ok }) => !ok)) throw allFailed(results, clearedCount)
    const atOnce = await actAtOnce(gateway, gone, results)
    return {
      clearedCount,
      nodes: results,
      warnings: [
        ...ofNodes(results),
        ...ofBalancers(),
        ...ofPlan(plan.notClearable, true),
        ...ofMirror(asked),
        ...atOnce.warnings,
      ],
      wroteApiKey: atOnce.wroteApiKey,
    }
  }

  const ofMirror = (asked: AskedFor | undefined): ClearWarning[] =>
    asked === undefined && (nodes?.urls.length ?? 0) > 1 ? [warnings.mirrorOnly()] : []

  /** The write that makes a node forget its ranked candidates, where an operator has allowed it. */
  async function actAtOnce(
    gateway: GatewayNodes,
    gone: readonly AffinityRecord[],
    results: readonly NodeClear[],
  ): Promise<Pick<Report, 'warnings' | 'wroteApiKey'>> {
    if (!deps.clearsAtOnce) return { warnings: [warnings.notImmediate()], wroteApiKey: null }
    const urls = results.filter(({ ok }) => ok).map(({ url }) => url)
    if (urls.length === 0) return { warnings: [], wroteApiKey: null }
    const apiKey =
      (await tables.namedApiKey([...new Set(gone.map(({ affinityKey }) => affinityKey))])) ??
      (await tables.namedApiKey([...(await deps.reader().distinct('affinityKey'))]))
    if (!apiKey) {
      const problem = 'There is no API key with a name that could be written again.'
      return { warnings: [warnings.notImmediate(problem)], wroteApiKey: null }
    }
    const written = await gateway.dropRankings(urls, apiKey)
    const missed = written.filter(({ ok }) => !ok)
    const problem = `The write that acts at once failed (${missed.map(({ url, error }) => `${url}: ${error ?? ''}`).join('; ')}).`
    return {
      warnings: missed.length > 0 ? [warnings.notImmediate(problem)] : [],
      wroteApiKey: missed.length < written.length ? apiKey.id : null,
    }
  }

  async function clearAllAtProcesses(actorId: string | null, watch: ClearWatch): Promise<Report> {
    const gateway = await requireNodes(actorId)
    const before = new Map<string, AffinityRecord>()
    let keys = 0
    for await (const batch of store.readAll()) {
      for (const record of batch.records) before.set(record.key, record)
      keys += batch.records.length + batch.broken.length
    }
    const { steps } = await gateway.plan([], { kind: 'all' }, facts)
    const { nodes: results, done } = await watch.willClearAll().during(() => gateway.clear(steps, actorId))
    if (results.every(({ ok }) => !ok)) throw allFailed(results, 0)
    // A flush leaves the mirrors of other epochs. While a node was missed, these may be of pins that it still uses.
    const isComplete = results.every(({ ok }) => ok)
    if (isComplete) {
      await removeLeft(before).catch((error: unknown) => {
        throw withNodes(error, results)
      })
    }
    return {
      // Of what a node that was missed had, nothing is known: only what the others said counts.
      clearedCount: Math.max(...done.values(), isComplete ? keys : 0),
      nodes: results,
      warnings: [...ofNodes(results), ...ofBalancers()],
      wroteApiKey: null,
    }
  }

  async function removeLeft(before: ReadonlyMap<string, AffinityRecord>): Promise<void> {
    for await (const batch of store.readAll()) {
      await store.removePins(batch.records.filter((record) => isAsBefore(record, before)))
      await store.remove(batch.broken.map(({ key }) => key))
    }
  }

  /** Runs a clear, and says what comes back of it. */
  async function watched(
    isMirror: boolean,
    onReturned: ((record: AffinityRecord) => void) | undefined,
    run: (watch: ClearWatch) => Promise<Report>,
  ): Promise<ClearReport> {
    const watch = guard.watch({ removes: !isMirror, ...(onReturned && { onReturned }) })
    const report = await run(watch).finally(() => watch.end())
    return { ...report, writtenBack: watch.writtenBack }
  }

  return {
    async clear(records, options) {
      if (generation() === 'PROCESS_MEMORY') {
        return watched(true, undefined, (watch) => clearAtProcesses(records, options, watch))
      }
      const gateway = await reachable(options.actorId)
      if (!gateway) return watched(false, undefined, (watch) => clearInRedis(records, options, watch))
      return watched(false, createForgetter(gateway, options.actorId), (watch) =>
        clearAtWorkers(gateway, records, options, watch),
      )
    },
    async clearAll({ actorId }) {
      if (generation() === 'PROCESS_MEMORY') {
        return watched(true, undefined, (watch) => clearAllAtProcesses(actorId, watch))
      }
      const gateway = await reachable(actorId)
      // A gateway whose clock is behind ours writes new pins that seem older than this clear: its own times decide.
      const newest = await newestCreatedAt()
      if (gateway) {
        return watched(false, createForgetter(gateway, actorId, newest), (watch) =>
          clearAllAtWorkers(gateway, actorId, newest, watch),
        )
      }
      return watched(false, undefined, async (watch) => {
        const returning = await mayReturn(await deps.reader().matching({}), whyTheyReturn())
        const clearedCount = await redis(watch).clearAll(newest)
        return { clearedCount, nodes: NOBODY, warnings: returning, wroteApiKey: null }
      })
    },
    async foresee(records, { asked, actorId }) {
      const gateway = await reachable(actorId)
      const clearedCount = records.length
      if (generation() !== 'PROCESS_MEMORY') {
        if (!gateway) return { clearedCount, warnings: await mayReturn(records, whyTheyReturn()) }
        const plan = await gateway.plan(records, asked, facts)
        const steps = affordable(plan.steps, gateway.callsLeft)
        const deferred = plan.steps.filter((step) => !steps.includes(step)).flatMap((step) => step.records)
        return {
          clearedCount,
          warnings: [
            ...foreseenMissed(),
            ...ofPlan(plan.notClearable, false),
            ...(await mayReturn(deferred, DEFERRED)),
          ],
        }
      }
      if (!gateway) return { clearedCount, warnings: [warnings.noNodes()] }
      const { notClearable } = await gateway.plan(records, asked, facts)
      const mayActAtOnce =
        deps.clearsAtOnce && gateway.states().every((state) => state.canClearAtOnce !== false)
      return {
        clearedCount: clearedCount - notClearable.length,
        warnings: [
          ...foreseenMissed(),
          ...ofBalancers(),
          ...ofPlan(notClearable, true),
          ...ofMirror(asked),
          ...(mayActAtOnce ? [] : [warnings.notImmediate()]),
        ],
      }
    },
    async foreseeAll({ actorId }) {
      const clearedCount = await countAll()
      const gateway = await reachable(actorId)
      if (generation() === 'PROCESS_MEMORY') {
        return {
          clearedCount,
          warnings: gateway ? [...foreseenMissed(), ...ofBalancers()] : [warnings.noNodes()],
        }
      }
      const returning = gateway ? [] : await mayReturn(await deps.reader().matching({}), whyTheyReturn())
      return { clearedCount, warnings: [...(gateway ? foreseenMissed() : []), ...returning] }
    },
  }

  /** The nodes that the last look found away, or whose token may not clear. */
  function foreseenMissed(): ClearWarning[] {
    const away = (nodes?.states() ?? []).filter(
      ({ reachable: isThere, canClear }) => isThere === false || canClear === false,
    )
    return away.length > 0 ? [warnings.nodesMissed(away)] : []
  }
}

function shuffled<T>(items: T[]): T[] {
  for (let place = items.length - 1; place > 0; place -= 1) {
    const other = Math.floor(Math.random() * (place + 1))
    const [a, b] = [items[place], items[other]]
    if (a !== undefined && b !== undefined) [items[place], items[other]] = [b, a]
  }
  return items
}

const NOTHING = Promise.resolve({ nodes: NOBODY, done: new Map<ClearStep, number>() })

const DEFERRED =
  'They are more than a node may be called for in a minute: they were removed from Redis, and the gateway is called for those that come back.'

const isAsBefore = (record: AffinityRecord, before: ReadonlyMap<string, AffinityRecord>): boolean => {
  const known = before.get(record.key)
  return (
    known !== undefined &&
    known.createdAt === record.createdAt &&
    known.requestCount === record.requestCount &&
    known.writtenExpiry === record.writtenExpiry
  )
}

/** A failure after nodes were called says what these did. */
function withNodes(error: unknown, nodes: readonly NodeClear[]): unknown {
  if (!(error instanceof UnavailableError)) return error
  const { code, message, cause, clearedCount } = error
  return new UnavailableError(code, message, { cause, clearedCount, nodes })
}
