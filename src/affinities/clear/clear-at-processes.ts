import { UnavailableError } from '../../errors.js'
import type { AskedFor, ClearStep, GatewayNodes, NodeClear } from '../../gateway/nodes/gateway-nodes.js'
import { removalError } from '../../redis/removal.js'
import type { AffinityRecord } from '../affinity-record.js'
import type { ClearDeps, ClearParts } from './clear-parts.js'
import { type ClearOptions, type FirstReport, type HoldingClearer, withNodes } from './clear-report.js'
import { stopBetween, stoppableStore } from './clear-stop.js'
import { type ClearWarning, NO_NODES, WHAT_TO_SET, warnings } from './clear-warning.js'
import { bothOf, countOf, createMeantCalls } from './meant-calls.js'
import { asChosen } from './still-meant.js'
import type { ClearWatch } from './write-back-guard.js'

/** Makes the clears of gateways that route by the memory of their processes, which Redis only mirrors. */
export function createProcessClears(deps: ClearDeps, parts: ClearParts): HoldingClearer {
  const { nodes, tables, stop } = deps
  const store = stoppableStore(deps.store, stop)
  const { facts, live, reachable, ofPlan, ofNodes, ofBalancers, foreseenMissed, countAll, watched } = parts

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
    options: ClearOptions,
    watch: ClearWatch,
  ): Promise<FirstReport> {
    const { actorId, asked } = options
    const gateway = await requireNodes(actorId)
    const now = await live.read(seen)
    const records = asChosen(now, seen, options)
    const plan = await gateway.plan(records, asked, facts)
    const cleared = new Map<ClearStep, number>()
    const meant = plan.steps.flatMap((step) => step.records)
    const calls = createMeantCalls(live, options, deps.stop)
    const guarded = watch.willClear(meant)
    const notClearable = [...plan.notClearable]
    const { nodes: results, done } = await guarded.during(async () => {
      const first = await gateway.clear(plan.steps, actorId, calls.mayCall)
      if (calls.held.length === 0) {
        guarded.spare([...calls.spared])
        return first
      }
      // A call that would have cleared what is not meant was not made: those that are go one by one.
      const held = [...calls.held]
      const { steps, notClearable: unnamed } = await gateway.plan(held, { kind: 'each' }, facts)
      const second = await gateway.clear(steps, actorId, calls.mayCall)
      // What is held once more shares its name with what is not meant.
      const left = [...unnamed, ...calls.held.slice(held.length)]
      notClearable.push(...left)
      guarded.spare([...calls.spared, ...left.map(({ key }) => key)])
      return bothOf(first, second)
    })
    for (const [step, count] of done) cleared.set(step, Math.max(count, step.records.length))
    const clearedCount = countOf(cleared)
    calls.throwFailure(clearedCount, results)
    const gone = [...done.keys()].flatMap((step) => step.records)
    // The gateway removes the mirrors of what it knew: those that are left are of pins that no process holds any more.
    const before = new Map(gone.map((record) => [record.key, record]))
    const left = live.read(gone).then((there) => there.filter((record) => isAsBefore(record, before)))
    await left
      .then((records) => store.removePins(records))
      .catch((error: unknown) => {
        throw withNodes(removalError(error, clearedCount), results)
      })
    if (results.length > 0 && results.every(({ ok }) => !ok)) throw allFailed(results, clearedCount)
    const atOnce = await actAtOnce(gateway, gone, results)
    return {
      clearedCount,
      sparedCount: now.length - records.length + calls.spared.size,
      nodes: results,
      warnings: [
        ...ofNodes(results),
        ...ofBalancers(),
        ...ofPlan(notClearable, true),
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
  ): Promise<Pick<FirstReport, 'warnings' | 'wroteApiKey'>> {
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

  async function clearAllAtProcesses(actorId: string | null, watch: ClearWatch): Promise<FirstReport> {
    const gateway = await requireNodes(actorId)
    const before = new Map<string, AffinityRecord>()
    let keys = 0
    for await (const batch of store.readAll()) {
      for (const record of batch.records) before.set(record.key, record)
      keys += batch.records.length + batch.broken.length
    }
    const { steps } = await gateway.plan([], { kind: 'all' }, facts)
    const { nodes: results, done } = await watch
      .willClear([...before.values()])
      .during(() => gateway.clear(steps, actorId))
    if (results.every(({ ok }) => !ok)) throw allFailed(results, 0)
    // A flush leaves the mirrors of other epochs. While a node was missed, these may be of pins that it still uses.
    const isComplete = results.every(({ ok }) => ok)
    if (isComplete) {
      await removeLeft(before).catch((error: unknown) => {
        const clearedCount = Math.max(...done.values(), 0)
        throw withNodes(removalError(error, clearedCount), results)
      })
    }
    return {
      // Nothing is known of what a node that was missed had: only what the others said counts.
      clearedCount: Math.max(...done.values(), isComplete ? keys : 0),
      sparedCount: 0,
      nodes: results,
      warnings: [...ofNodes(results), ...ofBalancers()],
      wroteApiKey: null,
    }
  }

  async function removeLeft(before: ReadonlyMap<string, AffinityRecord>): Promise<void> {
    const mayGoOn = stopBetween(stop)
    for await (const batch of store.readAll()) {
      mayGoOn()
      await store.removePins(batch.records.filter((record) => isAsBefore(record, before)))
      await store.remove(batch.broken.map(({ key }) => key))
    }
  }

  return {
    async clear(records, options) {
      return watched(options, true, undefined, (watch) => clearAtProcesses(records, options, watch))
    },
    async clearAll(options) {
      return watched(options, true, undefined, (watch) => clearAllAtProcesses(options.actorId, watch))
    },
    async foresee(records, { asked, actorId }) {
      const gateway = await reachable(actorId)
      const clearedCount = records.length
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
      return {
        clearedCount,
        warnings: gateway ? [...foreseenMissed(), ...ofBalancers()] : [warnings.noNodes()],
      }
    },
  }
}

const isAsBefore = (record: AffinityRecord, before: ReadonlyMap<string, AffinityRecord>): boolean => {
  const known = before.get(record.key)
  return (
    known !== undefined &&
    known.createdAt === record.createdAt &&
    known.requestCount === record.requestCount &&
    known.writtenExpiry === record.writtenExpiry
  )
}
