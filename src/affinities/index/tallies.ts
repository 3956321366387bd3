import type { Tally } from '../affinity-selection.js'
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
  const byId = new Int32Array(postings.idLimit)
  matches.forEach((slot) => {
    const id = postings.idAt(slot)
    if (id >= 0) byId[id] = (byId[id] ?? 0) + 1
  })
  byId.forEach((count, id) => {
    if (count > 0) counts.set(postings.valueOf(id), count)
  })
  return { total, counts }
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
