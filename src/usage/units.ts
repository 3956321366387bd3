import type { Period, UsageGrouping, UsageQuery } from './usage-rows.js'

/** A part of a period that is summed by itself: an hour, a day, or what the period has of an hour at its ends. */
export interface Unit extends Period {
  /** Whether its sums will not change any more, so that they may be kept. */
  readonly isOver: boolean
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** A request is counted when it is completed, and stands in the hour in which it began. */
const COMPLETED_AFTER_MS = HOUR_MS

/** These are added up from the same sums: requests by time alone. */
const BY_TIME: ReadonlySet<UsageGrouping> = new Set(['TOTAL', 'HOUR', 'DAY'])
export const isByTime = (by: UsageGrouping): boolean => BY_TIME.has(by)

/**
 * Cuts a period into units, oldest first. If the groups may be many, a whole day is one unit: of an hour they would be
 * almost as many.
 */
export function unitsOf({
  since,
  until,
  by,
  now,
}: Pick<UsageQuery, 'since' | 'until' | 'by' | 'now'>): Unit[] {
  const overBy = now.getTime() - COMPLETED_AFTER_MS
  const units: Unit[] = []
  let at = since.getTime()
  while (at < until.getTime()) {
    const dayEnd = at + DAY_MS
    const isDay = !isByTime(by) && at % DAY_MS === 0 && dayEnd <= Math.min(until.getTime(), overBy)
    const end = isDay ? dayEnd : Math.min((Math.floor(at / HOUR_MS) + 1) * HOUR_MS, until.getTime())
    const isWhole = at % HOUR_MS === 0 && end % HOUR_MS === 0
    units.push({ since: new Date(at), until: new Date(end), isOver: isWhole && end <= overBy })
    at = end
  }
  return units
}

/**
 * Cuts a period into units of chains. What is kept of a unit tells of pairs that begin up to `leadMs` before it: the units that
 * reach so near to the start of the period are read anew each time.
 */
export function chainUnitsOf(
  query: Pick<UsageQuery, 'since' | 'until' | 'by' | 'now'>,
  leadMs: number,
): Unit[] {
  const { since, until } = query
  const cut = new Date(Math.ceil((since.getTime() + leadMs) / HOUR_MS) * HOUR_MS)
  const atStart = unitsOf({ ...query, until: cut < until ? cut : until })
  return [...atStart.map((unit) => ({ ...unit, isOver: false })), ...unitsOf({ ...query, since: cut })]
}

/** Puts units that follow on each other together, at most so many milliseconds at a time. */
export function runsOf(units: readonly Unit[], atMostMs = Number.POSITIVE_INFINITY): Unit[][] {
  const runs: Unit[][] = []
  for (const unit of units) {
    const run = runs.at(-1)
    const [first, last] = [run?.[0], run?.at(-1)]
    const follows = first && last && last.until.getTime() === unit.since.getTime()
    if (run && follows && unit.until.getTime() - first.since.getTime() <= atMostMs) run.push(unit)
    else runs.push([unit])
  }
  return runs
}

/** A text that is equal for periods with the same ends. */
export const nameOfPeriod = ({ since, until }: Period): string => `${since.getTime()} ${until.getTime()}`

/** The length of a period, or of units that follow on each other, in milliseconds. */
export const lengthOf = ({ since, until }: Period): number => until.getTime() - since.getTime()

/** @param units at least one */
export function periodOf(units: readonly Unit[]): Period {
  const [first, last] = [units[0], units.at(-1)]
  if (!first || !last) throw new Error('There are no units.')
  return { since: first.since, until: last.until }
}

/** The hours of a unit that is over. */
export const hoursOf = ({ since, until }: Unit): Unit[] =>
  Array.from({ length: (until.getTime() - since.getTime()) / HOUR_MS }, (_, at) => ({
    since: new Date(since.getTime() + at * HOUR_MS),
    until: new Date(since.getTime() + (at + 1) * HOUR_MS),
    isOver: true,
  }))
