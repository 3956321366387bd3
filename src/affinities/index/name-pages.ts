import type { AffinityPageRequest } from '../affinity-reader.js'
import { type NamePosition, placeOf, type RecordNames } from '../record-names.js'
import { Bitmap } from './bitmap.js'
import { type OrderedColumn, SAME } from './ordered-column.js'
import { pageOfMatches, type SlotPage, TopK } from './pages.js'
import type { Matches } from './plan-selection.js'
import type { Postings } from './postings.js'
import type { UnnamedValues } from './unnamed-values.js'

/** The parts of an index that a page by name is read from. */
export interface NamedIndex {
  readonly live: Bitmap
  /** The slots in the order of their keys: each has the same number. */
  readonly byKey: OrderedColumn
  /** The postings of the dimension that has the names. */
  readonly postings: Postings
  readonly unnamed: UnnamedValues
  /** Groups of at most so many slots are sorted; the slots of larger ones are found along the order of keys. */
  readonly fewSlots?: number
}

export interface NamePage {
  readonly first: number
  readonly after?: NamePosition
  readonly offset?: number
  readonly descending: boolean
}

const FEW_SLOTS = 2_048

/** The slots with one name, or the slots without one. */
class Group {
  readonly total: number
  readonly #postings: Postings
  readonly #ids: readonly number[]

  constructor(postings: Postings, values: readonly string[]) {
    this.#postings = postings
    this.#ids = values.map((value) => postings.idOf(value)).filter((id) => id >= 0)
    this.total = this.#ids.reduce((sum, id) => sum + postings.count(id), 0)
  }

  forEach(visit: (slot: number) => void): void {
    for (const id of this.#ids) this.#postings.forEach(id, visit)
  }

  /** Returns those of its slots that are selected. */
  selected(selection: Selected, limit: number): Matches {
    const [id, ...others] = this.#ids
    const all = id === undefined || others.length > 0 ? undefined : this.#postings.bitmapOf(id)
    if (selection.matches === undefined && all) return all
    const slots = new Bitmap(limit)
    for (const one of this.#ids) this.#postings.addSlotsTo(slots, one)
    if (selection.matches !== undefined) slots.intersect(selection.bitmap())
    return slots
  }
}

/** The selected slots, as a bitmap where large groups need one. */
class Selected {
  readonly matches: Matches | undefined
  readonly #limit: number
  #bitmap: Bitmap | undefined

  constructor(matches: Matches | undefined, limit: number) {
    this.matches = matches
    this.#limit = limit
  }

  has(slot: number): boolean {
    return this.matches?.has(slot) ?? true
  }

  bitmap(): Bitmap {
    if (this.matches instanceof Bitmap) return this.matches
    const bitmap = this.#bitmap ?? new Bitmap(this.#limit)
    if (this.#bitmap === undefined) {
      if (this.matches?.addTo) this.matches.addTo(bitmap)
      else
        this.matches?.forEach((slot) => {
          bitmap.add(slot)
        })
    }
    this.#bitmap = bitmap
    return bitmap
  }
}

/**
 * Reads a page in the order of names, and of keys where names are equal, in one of two ways. A walk from group to group
 * looks at the groups of the page, which is little if many records are selected. Collecting all matches in a top-k heap
 * costs about their number, which is little if few are. A walk that meets few of the selected records ends, and they are collected.
 */
export function pageByName(
  index: NamedIndex,
  names: RecordNames,
  matches: Matches | undefined,
  page: NamePage,
): SlotPage {
  const { fewSlots = FEW_SLOTS } = index
  const all = index.live.count
  const wanted = (page.offset ?? 0) + page.first + 1
  if (matches === undefined) return walked(index, names, matches, page, Number.POSITIVE_INFINITY) ?? NOTHING
  const evenly = (wanted * all) / (matches.count + 1)
  const isSparse = matches.count <= fewSlots || matches.count <= evenly
  const found = isSparse ? undefined : walked(index, names, matches, page, 2 * evenly + matches.count)
  return found ?? collected(index, names, matches, page)
}

const NOTHING: SlotPage = { slots: [], hasNextPage: false, hasPreviousPage: false }

/** Returns undefined if that would visit more entries than the budget. */
function walked(
  index: NamedIndex,
  names: RecordNames,
  matches: Matches | undefined,
  page: NamePage,
  budget: number,
): SlotPage | undefined {
  const { after, first, offset = 0, descending } = page
  const selection = new Selected(matches, index.live.limit)
  const groupAt = groupsOf(index, names)
  const step = descending ? -1 : 1
  const start = after ? placeOf(names.groups, after.name) : descending ? names.groups.length - 1 : 0
  const isThere = after !== undefined && names.groups[start]?.name === after.name
  const slots: number[] = []
  let [place, skip, visited, isBefore] = [start, offset, 0, false]
  // A group that is gone lies between two: after it begins the next one, before it the one before.
  if (after && !isThere && descending) place -= 1
  for (; slots.length <= first; place += step) {
    const group = groupAt(place)
    if (group === undefined) break
    const within = isThere && place === start ? after : undefined
    visited += costOf(group, index)
    if (visited > budget) return undefined
    if (group.total === 0) continue
    if (within === undefined && matches === undefined && group.total <= skip) {
      skip -= group.total
      isBefore = true
      continue
    }
    const found = slotsIn(index, group, selection, {
      first: first + 1 - slots.length,
      offset: skip,
      descending,
      ...(within && { after: { value: SAME, key: within.key } }),
    })
    skip = Math.max(0, skip - found.skipped)
    isBefore ||= found.hasPreviousPage
    for (const slot of found.slots) slots.push(slot)
  }
  if (after && !isBefore) {
    const before = anyBefore(index, groupAt, selection, {
      from: start,
      isThere,
      step,
      budget: budget - visited,
    })
    if (before === undefined) return undefined
    isBefore = before
  }
  return {
    slots: slots.slice(0, first),
    hasNextPage: slots.length > first,
    hasPreviousPage: isBefore,
  }
}

/** Looks for a selected slot in the groups on the other side of a place; undefined if that would visit too many. */
function anyBefore(
  index: NamedIndex,
  groupAt: (place: number) => Group | undefined,
  selection: Selected,
  { from, isThere, step, budget }: { from: number; isThere: boolean; step: number; budget: number },
): boolean | undefined {
  // Groups from a place on lie after a group that is gone, and those below it before.
  let place = isThere || step > 0 ? from - step : from
  for (let visited = 0; ; place -= step) {
    const group = groupAt(place)
    if (group === undefined) return false
    visited += costOf(group, index)
    if (group.total === 0) continue
    if (selection.matches === undefined) return true
    if (visited > budget) return undefined
    if (group.total > (index.fewSlots ?? FEW_SLOTS)) {
      if (group.selected(selection, index.live.limit).count > 0) return true
      continue
    }
    let isFound = false
    group.forEach((slot) => {
      isFound ||= selection.has(slot)
    })
    if (isFound) return true
  }
}

/** A group that is sorted costs its slots, a large one the words of its bitmap. */
const costOf = ({ total }: Group, { live, fewSlots = FEW_SLOTS }: NamedIndex): number =>
  1 + (total <= fewSlots ? total : live.words)

/** Returns a function that makes the group at a place; undefined where there is none. */
function groupsOf(
  { postings, unnamed }: NamedIndex,
  { groups }: RecordNames,
): (place: number) => Group | undefined {
  return (place) => {
    const group = groups[place]
    if (group === undefined) return undefined
    const values = group.name === null ? [...group.values, ...unnamed.values()] : group.values
    return new Group(postings, values)
  }
}

interface Part {
  readonly slots: readonly number[]
  /** How many of the entries to skip were in this group. */
  readonly skipped: number
  readonly hasPreviousPage: boolean
}

type PartRequest = Pick<AffinityPageRequest, 'after'> & {
  readonly first: number
  readonly offset: number
  readonly descending: boolean
}

/** Reads the selected slots of one group in the order of their keys. */
function slotsIn(
  { byKey, live, fewSlots = FEW_SLOTS }: NamedIndex,
  group: Group,
  selection: Selected,
  request: PartRequest,
): Part {
  const { first, offset, after, descending } = request
  if (group.total > fewSlots) {
    const matches = group.selected(selection, live.limit)
    if (matches.count === 0) return { slots: [], skipped: 0, hasPreviousPage: false }
    if (after === undefined && matches.count <= offset) {
      return { slots: [], skipped: matches.count, hasPreviousPage: true }
    }
    return { ...pageOfMatches(byKey, matches, request), skipped: offset }
  }
  const sorted: number[] = []
  group.forEach((slot) => {
    if (selection.has(slot)) sorted.push(slot)
  })
  const sign = descending ? -1 : 1
  sorted.sort((a, b) => (a === b ? 0 : byKey.sortsBefore(a, b) ? -sign : sign))
  const beyond = after ? sorted.findIndex((slot) => sign * byKey.compare(slot, after) > 0) : 0
  const start = beyond < 0 ? sorted.length : beyond
  const skipped = Math.min(offset, sorted.length - start)
  const from = start + skipped
  return { slots: sorted.slice(from, from + first), skipped, hasPreviousPage: from > 0 }
}

function collected(
  { byKey, postings }: NamedIndex,
  names: RecordNames,
  matches: Matches,
  { first, offset = 0, after, descending }: NamePage,
): SlotPage {
  const ranks = new Int32Array(postings.idLimit).fill(-1)
  const rankOf = (slot: number): number => {
    const id = postings.idAt(slot)
    const known = ranks[id] ?? -1
    if (known >= 0) return known
    const rank = names.rankOf(postings.valueOf(id))
    ranks[id] = rank
    return rank
  }
  const sortsBefore = (a: number, b: number) => {
    const ranked = rankOf(a) - rankOf(b)
    return ranked < 0 || (ranked === 0 && byKey.sortsBefore(a, b))
  }
  const best = new TopK(
    Math.min(offset + first, matches.count),
    descending ? (a, b) => sortsBefore(b, a) : sortsBefore,
  )
  const isAhead = after ? beyond(names, after, byKey, descending) : () => true
  let ahead = 0
  matches.forEach((slot) => {
    if (!isAhead(slot, rankOf(slot))) return
    ahead++
    best.add(slot)
  })
  return {
    slots: best.sorted().slice(offset),
    hasNextPage: ahead > offset + first,
    hasPreviousPage: matches.count - ahead + Math.min(offset, ahead) > 0,
  }
}

/** Returns a check whether a slot lies beyond a place in the page's direction. */
function beyond(
  { groups }: RecordNames,
  after: NamePosition,
  byKey: OrderedColumn,
  descending: boolean,
): (slot: number, rank: number) => boolean {
  const place = placeOf(groups, after.name)
  const isThere = groups[place]?.name === after.name
  return (slot, rank) => {
    if (rank === place && isThere) {
      const side = byKey.compare(slot, { value: SAME, key: after.key })
      return descending ? side < 0 : side > 0
    }
    return rank < place === descending
  }
}
