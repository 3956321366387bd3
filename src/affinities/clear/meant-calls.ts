import type { ClearReach, ClearStep, MayCall, NodesOutcome } from '../../gateway/nodes/gateway-nodes.js'
import { removalError } from '../../redis/removal.js'
import type { AffinityRecord } from '../affinity-record.js'
import { withNodes } from './clear-report.js'
import { type ClearStop, stoppedClear } from './clear-stop.js'
import { type Choice, stillMeant } from './still-meant.js'

/** Asks just before each call to the gateway whether it may be made, and clears nothing but what is still meant. */
export interface MeantCalls {
  readonly mayCall: MayCall
  /** Keys of records that are no longer meant. */
  readonly spared: ReadonlySet<string>
  /** Records that are meant, of calls that were not made since these would have cleared others as well. */
  readonly held: readonly AffinityRecord[]
  /** Throws why no further call was made: this instance stops, or it was impossible to ask. */
  throwFailure(clearedCount: number, nodes: NodesOutcome['nodes']): void
}

/** What is there now. */
export interface LiveRecords {
  /** Reads these records as they are in the cache. */
  read(records: readonly AffinityRecord[]): Promise<readonly AffinityRecord[]>
  /** All records that have this value of the dimension. */
  sharing(reach: Pick<ClearReach, 'dimension' | 'value'>): Promise<readonly AffinityRecord[]>
}

export function createMeantCalls(
  { read, sharing }: LiveRecords,
  choice: Choice,
  stop: ClearStop,
): MeantCalls {
  const spared = new Set<string>()
  const held: AffinityRecord[] = []
  let failure: { readonly error: unknown } | undefined
  let hasCalled = false

  const { isMeant, isSelected, rejudge } = choice

  /**
   * Whether a call clears nothing but what is meant: since its plan was made, other pins may have been, of which nobody knows
   * a verdict.
   */
  async function isExact({ reach }: ClearStep, chosen: readonly AffinityRecord[]): Promise<boolean> {
    if (!reach) return true
    const live = (await sharing(reach)).filter((record) => reach.isOf(record))
    if (!rejudge) return isMeant === undefined || live.every(isMeant)
    const isChosen = new Set(chosen.map(({ key }) => key))
    return live.every(({ key }) => isChosen.has(key))
  }

  async function ask(step: ClearStep): Promise<boolean> {
    const { records, others = [] } = step
    const chosen = [...records, ...others]
    // A chosen record that has left the group is not reached. A verdict of the others may have changed.
    if (!rejudge && step.reach && (await isExact(step, chosen))) return true
    const there = await read(chosen)
    const meant = await stillMeant(there, chosen, choice)
    const areAllMeant = meant.length === there.length
    if (areAllMeant && (rejudge ? await isExact(step, chosen) : !step.reach)) return true
    const areMeant = new Set(meant.map(({ key }) => key))
    const isOfStep = new Set(records.map(({ key }) => key))
    // The others have a step of their own, which asks again.
    for (const { key } of there) if (isOfStep.has(key) && !areMeant.has(key)) spared.add(key)
    held.push(...meant.filter(({ key }) => isOfStep.has(key)))
    return false
  }

  /** All is meant of what was asked for as a group; and of a key, whatever its pin is by now. */
  const isAskedAbout = ({ reach, route }: ClearStep): boolean =>
    rejudge !== undefined || (reach ? isMeant !== undefined : route === 'single' && isSelected !== undefined)

  function goOn(): void {
    if (hasCalled && stop.isStopping) throw stoppedClear()
  }

  return {
    spared,
    held,
    async mayCall(step) {
      try {
        goOn()
        if (failure !== undefined) return false
        if (isAskedAbout(step)) {
          if (!(await ask(step))) return false
          goOn()
        }
        hasCalled = true
        return true
      } catch (error) {
        failure ??= { error }
        return false
      }
    },
    throwFailure(clearedCount, nodes) {
      if (failure) throw withNodes(removalError(failure.error, clearedCount), nodes)
    },
  }
}

export const countOf = (done: NodesOutcome['done']): number =>
  [...done.values()].reduce((sum, count) => sum + count, 0)

/** What two runs of calls did together. */
export function bothOf(first: NodesOutcome, second: NodesOutcome): NodesOutcome {
  const nodes = new Map(first.nodes.map((node) => [node.url, node]))
  for (const node of second.nodes) {
    const before = nodes.get(node.url)
    nodes.set(node.url, {
      url: node.url,
      ok: node.ok && (before?.ok ?? true),
      clearedCount: sumOf(before?.clearedCount ?? null, node.clearedCount),
      error: before?.error ?? node.error,
    })
  }
  return { nodes: [...nodes.values()], done: new Map([...first.done, ...second.done]) }
}

const sumOf = (a: number | null, b: number | null): number | null => (a === null ? b : a + (b ?? 0))
