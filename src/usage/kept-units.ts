import { createLru } from '../util/lru.js'
import { hoursOf, nameOfPeriod, type Unit } from './units.js'

const MOST_UNITS = 20_000

/** What was read of hours and days that are over, so that their rows are read once. */
export interface KeptUnits<Value> {
  /** What is kept of a unit; of a day also what is kept of each of its hours. */
  get(question: string, unit: Unit): readonly Value[] | undefined
  /** Keeps what was read of a unit if it is over. */
  put(question: string, unit: Unit, value: Value): void
}

/**
 * @param atMost the largest weight of all that is kept
 * @param weightOf the weight of what is kept of a unit, which must stay the same
 */
export function createKeptUnits<Value extends object>(
  atMost: number,
  weightOf: (value: Value) => number,
): KeptUnits<Value> {
  const kept = createLru<string, Value>(MOST_UNITS, { atMost, of: (_key, value) => weightOf(value) })
  const keyOf = (question: string, unit: Unit): string => `${question} ${nameOfPeriod(unit)}`

  return {
    get(question, unit) {
      if (!unit.isOver) return undefined
      const found = kept.get(keyOf(question, unit))
      if (found) return [found]
      const hours = hoursOf(unit).map((hour) => kept.get(keyOf(question, hour)))
      const known = hours.filter((value) => value !== undefined)
      return hours.length > 1 && known.length === hours.length ? known : undefined
    },
    put(question, unit, value) {
      if (unit.isOver) kept.set(keyOf(question, unit), value)
    },
  }
}
