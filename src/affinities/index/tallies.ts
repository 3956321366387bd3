import type { LargestGroups as Largest, Tally } from '../affinity-selection.js'
import { LargestGroups } from '../largest-groups.js'
import type { Bitmap } from './bitmap.js'
import type { Matches } from './plan-selection.js'
import type { DimensionIndex } from './postings.js'

/** Counts records by their value. The postings know the counts of all records already. */
export function tallyOfValues(
  postings: DimensionIndex | undefined,
  matches: Matches | undefined,
  size: number,
): Tally<string> {
  const counts = new Map<string, number>()
  const total = matches?.count ?? size
  // No family of keys has the dimension.
  if (postings === undefined) return { total, counts }
  if (matches === undefined) {
    for (const id of postings.ids()) counts.set(postings.valueOf(id), postings.count(id))
    return { total, counts }
  }
  countsById(postings, matches).forEach((count, id) => {
    if (count > 0) counts.set(postings.valueOf(id), count)
  })
  return { total, counts }
}

/** Finds the largest groups by value, without a text for each of the others. */
export function largestOfValues(
  postings: DimensionIndex | undefined,
  matches: Matches | undefined,
  size: number,
  first: number,
): Largest {
  const total = matches?.count ?? size
  const largest = new LargestGroups(first)
  if (postings !== undefined) {
    const byId = matches && countsById(postings, matches)
    for (let id = 0; id < postings.idLimit; id += 1) {
      const count = byId ? (byId[id] ?? 0) : postings.count(id)
      if (count > 0) largest.add(count, () => postings.valueOf(id))
    }
  }
  const { groupCount, grouped, groups } = largest
  return { total, groupCount, grouped, groups }
}

function countsById(postings: DimensionIndex, matches: Matches): Int32Array {
  const byId = new Int32Array(postings.idLimit)
  matches.forEach((slot) => {
    const id = postings.idAt(slot)
    if (id >= 0) byId[id] = (byId[id] ?? 0) + 1
  })
  return byId
}

/** Counts records by their class. */
export function tallyOfClasses(classOf: (slot: number) => number, matches: Matches | Bitmap): Tally<number> {
  const byClass = new Int32Array(65_536)
  matches.forEach((slot) => {
    const one = classOf(slot)
    byClass[one] = (byClass[one] ?? 0) + 1
  })
  const counts = new Map<number, number>()
  byClass.forEach((count, one) => {
    if (count > 0) counts.set(one, count)
  })
  return { total: matches.count, counts }
}
