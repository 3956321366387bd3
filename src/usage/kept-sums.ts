import { createKeptUnits, type KeptUnits } from './kept-units.js'
import { isByTime } from './units.js'
import { type CacheSumsOfGroup, filterText, type UsageQuery } from './usage-rows.js'

/** Groups of all units together, of which 100,000 take some 25 MB. */
const MOST_KEPT = 100_000

/** The sums of hours and days that are over, so that their rows are read once. */
export type KeptSums = KeptUnits<readonly CacheSumsOfGroup[]>

/** Equal for questions whose units have the same sums. */
export const sumsQuestion = ({ by, filter }: Pick<UsageQuery, 'by' | 'filter'>): string =>
  JSON.stringify([isByTime(by) ? 'TIME' : by, filterText(filter)])

/** @param mostKept the most groups that are kept; a unit counts as one more */
export const createKeptSums = (mostKept = MOST_KEPT): KeptSums =>
  createKeptUnits(mostKept, ({ length }) => length + 1)
