import type { ClearStep, GatewayNodes } from '../../gateway/nodes/gateway-nodes.js'
import { removalError } from '../../redis/removal.js'
import type { AffinityRecord } from '../affinity-record.js'
import type { ClearDeps, ClearParts } from './clear-parts.js'
import { type ClearOptions, type FirstReport, type HoldingClearer, withNodes } from './clear-report.js'
import { createForgetter } from './forgetter.js'
import { countOf, createMeantCalls } from './meant-calls.js'
import { asChosen } from './still-meant.js'
import type { ClearWatch } from './write-back-guard.js'

const DEFERRED =
  'They are more than a node may be called for in a minute: they were removed from Redis, and the gateway is called for those that come back.'

/** Records that are looked at to tell whether all of them are write-backs. */
const LOOKED_AT = 1_000

/** Makes the clears of gateways that route by Redis, and whose workers remember it for seconds. */
export function createWorkerClears(
  deps: Pick<ClearDeps, 'reader' | 'store' | 'guard' | 'stop'>,
  parts: ClearParts,
): HoldingClearer {
  const { redis, facts, live, mayReturn, whyTheyReturn, reachable, ofPlan, ofNodes, countAll, watched } =
    parts

  /** Groups first; the single calls only if all of them fit. Those that come back get theirs later. */
  function affordable(steps: readonly ClearStep[], left: number): readonly ClearStep[] {
    const groups = steps.filter(({ route }) => route !== 'single').slice(0, left)
    const singles = steps.filter(({ route }) => route === 'single')
    return groups.length + singles.length <= left ? [...groups, ...singles] : groups
  }

  /** Whether the cache holds nothing but what a gateway has written back. */
  async function areOnlyWriteBacks(): Promise<boolean> {
    const { records, totalCount } = await deps.reader().page({
      selection: {},
      order: { field: 'CREATED_AT', direction: 'DESC' },
      first: LOOKED_AT,
    })
    return totalCount === records.length && records.every(deps.guard.isWriteBack)
  }

  async function clearInRedis(
    records: readonly AffinityRecord[],
    options: ClearOptions,
    watch: ClearWatch,
  ): Promise<FirstReport> {
    const { removed, spared } = await redis(watch).clear(records, options)
    return {
      clearedCount: removed,
      sparedCount: spared,
      nodes: [],
      warnings: await mayReturn(records, whyTheyReturn()),
      wroteApiKey: null,
    }
  }

  async function clearAtWorkers(
    gateway: GatewayNodes,
    seen: readonly AffinityRecord[],
    options: ClearOptions,
    watch: ClearWatch,
  ): Promise<FirstReport> {
    const { actorId, asked } = options
    const now = await live.read(seen)
    const records = asChosen(now, seen, options)
    const plan = await gateway.plan(records, asked, facts)
    const steps = affordable(plan.steps, gateway.callsLeft)
    const deferred = plan.steps.filter((step) => !steps.includes(step)).flatMap((step) => step.records)
    const guarded = watch.willClear(records)
    const { clearedCount, sparedCount, results } = await guarded.during(async () => {
      // The gateway first: after an UNLINK its routes find nothing, and drop nothing from memory.
      const calls = createMeantCalls(live, options, deps.stop)
      const { nodes: results, done } = await gateway.clear(steps, actorId, calls.mayCall)
      calls.throwFailure(countOf(done), results)
      const there = new Map((await live.read(records)).map((record) => [record.key, record]))
      const tried = new Set(steps.flatMap((step) => step.records.map(({ key }) => key)))
      const isDone = new Set([...done.keys()].flatMap((step) => step.records.map(({ key }) => key)))
      let cleared = 0
      let spared = now.length - records.length + calls.spared.size
      const rest: AffinityRecord[] = []
      const left: string[] = []
      for (const record of records) {
        if (calls.spared.has(record.key)) continue
        const after = there.get(record.key)
        if (after === undefined) cleared += tried.has(record.key) ? 1 : 0
        else if (after.createdAt > record.createdAt && isDone.has(record.key)) cleared += 1
        // What was pinned elsewhere meanwhile was not chosen.
        else if (asChosen([after], [record], options).length > 0) rest.push(after)
        else {
          spared += 1
          left.push(record.key)
        }
      }
      guarded.spare([...calls.spared, ...left, ...rest.map(({ key }) => key)])
      try {
        const removal = await redis(watch).clear(rest, options)
        return {
          clearedCount: cleared + removal.removed,
          sparedCount: spared + removal.spared,
          results,
        }
      } catch (error) {
        throw withNodes(removalError(error, cleared), results)
      }
    })
    return {
      clearedCount,
      sparedCount,
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
    watch: ClearWatch,
  ): Promise<FirstReport> {
    // The pins that the gateway's flush removes are known only before it.
    const guarded = watch.willClearAll()
    return guarded.during(async () => {
      let before = 0
      for await (const { records, broken } of deps.store.readAll()) {
        guarded.found(records)
        before += records.length + broken.length
      }
      const { steps } = await gateway.plan([], { kind: 'all' }, facts)
      const { nodes: results, done } = await gateway.clear(steps, actorId)
      const removed = await redis(watch)
        .clearAll()
        .catch((error: unknown) => {
          throw withNodes(error, results)
        })
      const clearedCount = done.size > 0 ? Math.max(before, removed) : removed
      return { clearedCount, sparedCount: 0, nodes: results, warnings: ofNodes(results), wroteApiKey: null }
    })
  }

  const forgetter = (gateway: GatewayNodes, actorId: string | null, isOfAll: boolean) =>
    createForgetter({
      gateway,
      facts,
      actorId,
      mayFlush: async () => isOfAll && (await areOnlyWriteBacks()),
    })

  return {
    async clear(records, options) {
      const gateway = await reachable(options.actorId)
      if (!gateway)
        return watched(options, false, undefined, (watch) => clearInRedis(records, options, watch))
      return watched(options, false, forgetter(gateway, options.actorId, false), (watch) =>
        clearAtWorkers(gateway, records, options, watch),
      )
    },
    async clearAll(options) {
      const { actorId } = options
      const gateway = await reachable(actorId)
      if (gateway) {
        return watched(options, false, forgetter(gateway, actorId, true), (watch) =>
          clearAllAtWorkers(gateway, actorId, watch),
        )
      }
      return watched(options, false, undefined, async (watch) => {
        const returning = await mayReturn(await deps.reader().matching({}), whyTheyReturn())
        const clearedCount = await redis(watch).clearAll()
        return { clearedCount, sparedCount: 0, nodes: [], warnings: returning, wroteApiKey: null }
      })
    },
    async foresee(records, { asked, actorId }) {
      const gateway = await reachable(actorId)
      const clearedCount = records.length
      if (!gateway) return { clearedCount, warnings: await mayReturn(records, whyTheyReturn()) }
      const plan = await gateway.plan(records, asked, facts)
      const steps = affordable(plan.steps, gateway.callsLeft)
      const deferred = plan.steps.filter((step) => !steps.includes(step)).flatMap((step) => step.records)
      return {
        clearedCount,
        warnings: [
          ...parts.foreseenMissed(),
          ...ofPlan(plan.notClearable, false),
          ...(await mayReturn(deferred, DEFERRED)),
        ],
      }
    },
    async foreseeAll({ actorId }) {
      const clearedCount = await countAll()
      const gateway = await reachable(actorId)
      const returning = gateway ? [] : await mayReturn(await deps.reader().matching({}), whyTheyReturn())
      return { clearedCount, warnings: [...(gateway ? parts.foreseenMissed() : []), ...returning] }
    },
  }
}
