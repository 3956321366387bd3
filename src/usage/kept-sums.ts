import { createLru } from '../util/lru.js'
import { mergedGroups } from './add-sums.js'
import { hoursOf, isByTime, type Unit } from './units.js'
import { type CacheSumsOfGroup, filterText, type UsageQuery } from './usage-rows.js'

/** Groups of all units together, of which 100,000 take some 25 MB. */
const MOST_KEPT = 100_000
const MOST_UNITS = 20_000

type Groups = readonly CacheSumsOfGroup[]
type Question = Pick<UsageQuery, 'by' | 'filter'>

/** The sums of hours and days that are over, so that their rows are read once. */
export interface KeptSums {
  /** The groups of a unit, if they are kept. A day's are also known by those of its hours. */
  get(question: Question, unit: Unit): Groups | undefined
  /** Keeps the groups of a unit if it is over. */
  put(question: Question, unit: Unit, groups: Groups): void
}

/** @param mostKept the most groups that are kept; a unit counts as one more */
export function createKeptSums(mostKept = MOST_KEPT): KeptSums {
  const kept = createLru<string, Groups>(MOST_UNITS, {
    atMost: mostKept,
    of: (_key, { length }) => length + 1,
  })

  function keyOf({ by, filter }: Question, { since, until }: Unit): string {
    return JSON.stringify([isByTime(by) ? 'TIME' : by, filterText(filter), since.getTime(), until.getTime()])
  }

  return {
    get(question, unit) {
      if (!unit.isOver) return undefined
      const found = kept.get(keyOf(question, unit))
      if (found) return found
      const hours = hoursOf(unit).map((hour) => kept.get(keyOf(question, hour)))
      const known = hours.filter((groups) => groups !== undefined)
      return hours.length > 1 && known.length === hours.length ? mergedGroups(known) : undefined
    },
    put(question, unit, groups) {
      if (unit.isOver) kept.set(keyOf(question, unit), groups)
    },
  }
}
