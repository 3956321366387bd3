import type { Environment } from './reader.js'
import { VARIABLE_NAMES, type VariableName } from './variables.js'

/** Shortest name that is checked. Shorter ones, like `TERM` and `PORT`, are one typing error away from too many others. */
const SHORTEST_NAME = 8

/**
 * Returns true if one typing error turns a name into the other: one letter added, removed or replaced, or two swapped
 * (Damerau-Levenshtein distance 1).
 */
function isOneSlip(a: string, b: string): boolean {
  let start = 0
  while (start < a.length && a[start] === b[start]) start++
  let end = 0
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end++
  const [left, right] = [a.slice(start, a.length - end), b.slice(start, b.length - end)]
  if (left.length === 2) return right === `${left[1]}${left[0]}`
  return left.length <= 1 && right.length <= 1
}

export interface NearMiss {
  readonly name: string
  readonly meant: VariableName
}

/** Finds set variables that nothing reads but that are one typing error away from a known variable that is not set. */
export function nearMisses(environment: Environment): NearMiss[] {
  const missing = VARIABLE_NAMES.filter((name) => name.length >= SHORTEST_NAME && !environment[name])
  return Object.keys(environment).flatMap((name) => {
    if (VARIABLE_NAMES.some((known) => known === name)) return []
    const meant = missing.find((known) => isOneSlip(name, known))
    return meant ? [{ name, meant }] : []
  })
}
