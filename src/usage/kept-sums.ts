import { mergedGroups } from './add-sums.js'
import { createKeptUnits } from './kept-units.js'
import { isByTime, type Unit } from './units.js'
import { type CacheSumsOfGroup, filterText, type UsageQuery } from './usage-rows.js'

/** Groups of all units together, of which 100,000 take some 25 MB. */
const MOST_KEPT = 100_000

type Groups = readonly CacheSumsOfGroup[]
type Question = Pick<UsageQuery, 'by' | 'filter'>

/** The sums of hours and days that are over, so that their rows are read once. */
export interface KeptSums {
  /** The groups of a unit, if they are kept. A day's are also known by those of its hours. */
  get(question: Question, unit: Unit): Groups | undefined
  /** Keeps the groups of a unit if it is over. */
  put(question: Question, unit: Unit, groups: Groups): void
}

const textOf = ({ by, filter }: Question): string =>
  JSON.stringify([isByTime(by) ? 'TIME' : by, filterText(filter)])

/** @param mostKept the most groups that are kept; a unit counts as one more */
export function createKeptSums(mostKept = MOST_KEPT): KeptSums {
  const kept = createKeptUnits<Groups>(mostKept, ({ length }) => length + 1)
  return {
    get(question, unit) {
      const found = kept.get(textOf(question), unit)
      return found && mergedGroups(found)
    },
    put: (question, unit, groups) => kept.put(textOf(question), unit, groups),
  }
}
