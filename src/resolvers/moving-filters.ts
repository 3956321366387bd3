/*
 * Filters that hold for a record by what moves without it: by time (`unusedForSeconds`), or by rows of the database
 * (verdicts). What crosses such a filter is told by sweeps, and what a change takes across it at once.
 */

import { type AffinityEvent, eventUnderFilter, isOfGone } from '../affinities/affinity-events.js'
import type { AffinityRecord } from '../affinities/affinity-record.js'
import type { AffinitySelection } from '../affinities/affinity-selection.js'
import type { CrossingListener } from '../affinities/crossings.js'
import type { Context } from '../context.js'
import { type FigureFilter, unusedCheck } from './figures.js'
import { type AffinityFilter, filterSelection } from './selections.js'
import { STALE_ROWS, type VerdictFilter, verdictCheck, verdictOn } from './usability.js'

export interface MovingFilter extends VerdictFilter, Pick<FigureFilter, 'unusedForSeconds'> {}

/** Takes the fields that move out of a filter; undefined if it has none. */
export function movingPart(filter: AffinityFilter): {
  readonly fixed: AffinityFilter
  readonly moving: MovingFilter | undefined
} {
  const { stale, usability, staleReasons, unusedForSeconds, ...fixed } = filter
  const moving = { stale, usability, staleReasons, unusedForSeconds }
  return { fixed, moving: Object.values(moving).some((value) => value != null) ? moving : undefined }
}

/** The fields of which equal ones may select something else, by rows that were read when the stream was opened. */
const BY_ROWS = [
  'userId',
  'userIds',
  'clientSession',
  'globalModelId',
] as const satisfies readonly (keyof AffinityFilter)[]
let lastNumber = 0

/** Names a filter: those that select the same share the work. */
export function nameOf(fixed: AffinityFilter, moving: MovingFilter): string {
  if (BY_ROWS.every((field) => fixed[field] == null)) return JSON.stringify([fixed, moving])
  lastNumber += 1
  return String(lastNumber)
}

/**
 * Makes a check whether the filter holds for a record now, by rows of this moment. The viewer pays for them.
 * @throws InvalidInputError if a field cannot be read
 */
export function movingCheck(
  moving: MovingFilter,
  context: Context,
): (record: AffinityRecord) => Promise<boolean> {
  const check = verdictCheck(moving)
  const isUnused = unusedCheck(moving, context)
  return async (record) => {
    if (isUnused) {
      await context.pay(1)
      if (!(await isUnused(record))) return false
    }
    if (!check) return true
    await context.pay(STALE_ROWS)
    return check(await context.turns.run(async () => verdictOn(record, context)))
  }
}

/** Returns what selects now what the fixed part selects and the moving one holds for. Nobody pays for it. */
export const movingSelection =
  (
    { ofService }: Context,
    moving: MovingFilter,
    fixed: () => AffinitySelection,
  ): (() => Promise<AffinitySelection>) =>
  async () => {
    const { lastUse, where } = await filterSelection(moving, await ofService(), true)
    return { ...fixed(), ...(lastUse && { lastUse }), ...(where && { where }) }
  }

/** Something that may have to be told. */
export interface Tellable {
  readonly event: AffinityEvent
  /** Whether all streams of the filter are taken to have told the record, before this and after it. */
  readonly before: boolean
  readonly after: boolean
  /** Whether the filter holds now, where that is known. */
  readonly holds?: boolean
  /** By rows of this moment, as `performance.now()`; what is told with it must not be older. */
  readonly seenAt?: number
  /** What it corrects. */
  readonly corrects?: Difference
}

interface Difference {
  readonly record: AffinityRecord
  readonly holds: boolean
}

/**
 * What one stream has told of records, so that each crossing is told once, whoever sees it first: a change or a sweep. It
 * keeps only in what the stream differs from what all streams of its filter are taken to have told.
 */
export class ToldRecords {
  readonly #holds: (record: AffinityRecord) => Promise<boolean>
  readonly #differences = new Map<string, Difference>()

  /** @param holds says whether the filter holds for a record now */
  constructor(holds: (record: AffinityRecord) => Promise<boolean>) {
    this.#holds = holds
  }

  /** Returns the event to tell, if any. The items must come one after the other. */
  async next({ event, before, after, holds: known, corrects }: Tellable): Promise<AffinityEvent | undefined> {
    const { record } = event
    const difference = this.#differences.get(record.key)
    if (corrects && corrects !== difference) return undefined
    const held = difference?.holds ?? before
    const isGone = isOfGone(event)
    const holds = isGone ? held : (known ?? (await this.#holds(record)))
    if (isGone || holds === after) this.#differences.delete(record.key)
    else this.#differences.set(record.key, { record, holds })
    if (known === undefined) return eventUnderFilter(event, held, holds)
    return held === holds ? undefined : event
  }

  /** Returns what corrects the differences by a look at the filter. */
  corrections(...[at, holdsNow, isTold]: Parameters<CrossingListener['looked']>): Tellable[] {
    const seenAt = performance.now()
    return [...this.#differences.values()].map((corrects) => {
      const { record } = corrects
      const holds = holdsNow(record)
      const told = isTold(record)
      const event = { type: holds ? 'ENTERED' : 'LEFT', at, record } as const
      return { event, before: told, after: told, holds, seenAt, corrects }
    })
  }
}
