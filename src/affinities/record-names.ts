import { sortText } from '../util/text.js'
import type { AffinityRecord, CommonDimension } from './affinity-record.js'

/** The values of a dimension that people see under the same name, whatever its case. */
export interface NameGroup {
  /** The lower-cased name; null for the values without one, which come last. */
  readonly name: string | null
  readonly values: readonly string[]
}

/**
 * The names of records at one moment, by their value in one dimension: by API key for users. A value that was not there at
 * that moment is as one without a name.
 */
export interface RecordNames {
  readonly dimension: CommonDimension
  /** In the order of their names; the last one has no name, and may be empty. */
  readonly groups: readonly NameGroup[]
  /** Whether the value was there when the names were read. */
  has(value: string): boolean
  /** Returns the place of a value's group among the groups. */
  rankOf(value: string): number
}

/** A place in an order by name. It stays valid after the record has gone, or has another name. */
export interface NamePosition {
  /** The name of the group. */
  readonly name: string | null
  /** The `sortText` of the record's Redis key. */
  readonly key: string
}

/**
 * Compares two texts by code points. By UTF-16 code units, characters beyond the first 65,536 would come before some of these.
 */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at++) {
    if (a.charCodeAt(at) === b.charCodeAt(at)) continue
    // The texts may differ in the second half of a pair alone, which is a part of a code point.
    const start = at > 0 && isFirstHalf(a.charCodeAt(at - 1)) ? at - 1 : at
    return codePoint(a, start) - codePoint(b, start) || codePoint(a, at) - codePoint(b, at)
  }
  return a.length - b.length
}

const isFirstHalf = (unit: number): boolean => unit >= 0xd800 && unit < 0xdc00
const codePoint = (text: string, at: number): number => text.codePointAt(at) ?? 0

/** Compares two names; null comes last. */
export function compareNames(a: string | null, b: string | null): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null)
  return compareCodePoints(a, b)
}

/** Returns the name by which a record is ordered: long ones are shortened, so that a cursor can hold them. */
export const orderName = (shown: string | null | undefined): string | null =>
  shown ? sortText(shown.toLowerCase()) : null

/** Returns the place of a name among the groups, or where it would be. */
export function placeOf(groups: readonly NameGroup[], name: string | null): number {
  let [low, high] = [0, groups.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareNames(groups[middle]?.name ?? null, name) < 0) low = middle + 1
    else high = middle
  }
  return low
}

/** Names that are sorted in one turn of the event loop. */
const SORTED_AT_ONCE = 5_000

/**
 * Makes the names of records. Sorts them in pieces, and merges these.
 * @param names the name of each value as people see it; empty or null where there is none
 * @param pause resolves when the event loop has a turn for more
 */
export async function recordNames(
  dimension: CommonDimension,
  names: ReadonlyMap<string, string | null | undefined>,
  pause: () => Promise<void>,
): Promise<RecordNames> {
  const byName = new Map<string, string[]>()
  const nameless: string[] = []
  for (const [value, shown] of names) {
    const name = orderName(shown)
    if (name === null) nameless.push(value)
    else {
      const values = byName.get(name)
      if (values) values.push(value)
      else byName.set(name, [value])
    }
  }
  const sorted = await sortedInPieces([...byName.keys()], pause)
  const groups: NameGroup[] = sorted.map((name) => ({ name, values: byName.get(name) ?? [] }))
  const ranks = new Map<string, number>()
  groups.forEach(({ values }, rank) => {
    for (const value of values) ranks.set(value, rank)
  })
  const last = groups.length
  groups.push({ name: null, values: nameless })
  return {
    dimension,
    groups,
    has: (value) => names.has(value),
    rankOf: (value) => ranks.get(value) ?? last,
  }
}

async function sortedInPieces(names: readonly string[], pause: () => Promise<void>): Promise<string[]> {
  let pieces: string[][] = []
  for (let from = 0; from < names.length; from += SORTED_AT_ONCE) {
    pieces.push(names.slice(from, from + SORTED_AT_ONCE).sort(compareCodePoints))
    await pause()
  }
  while (pieces.length > 1) {
    const merged: string[][] = []
    for (let at = 0; at < pieces.length; at += 2) {
      merged.push(mergedOf(pieces[at] ?? [], pieces[at + 1] ?? []))
      await pause()
    }
    pieces = merged
  }
  return pieces[0] ?? []
}

function mergedOf(a: readonly string[], b: readonly string[]): string[] {
  const merged: string[] = []
  let [inA, inB] = [0, 0]
  while (inA < a.length && inB < b.length) {
    const [first = '', second = ''] = [a[inA], b[inB]]
    merged.push(compareCodePoints(first, second) <= 0 ? first : second)
    if (merged.at(-1) === first) inA++
    else inB++
  }
  return merged.concat(a.slice(inA), b.slice(inB))
}

/** Returns a function from a record to its place in an order by name. */
export const namePositionIn =
  (names: RecordNames) =>
  (record: AffinityRecord): NamePosition => ({
    name: names.groups[names.rankOf(record[names.dimension])]?.name ?? null,
    key: sortText(record.key),
  })

/** Compares two places, ascending: by name, then by key in UTF-16 code units. */
export const compareNamePositions = (a: NamePosition, b: NamePosition): number =>
  compareNames(a.name, b.name) || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)
