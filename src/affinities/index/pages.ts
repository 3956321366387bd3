import type { AffinityPageRequest } from '../affinity-reader.js'
import type { OrderedColumn } from './ordered-column.js'
import type { Matches } from './plan-selection.js'

export interface SlotPage {
  readonly slots: readonly number[]
  readonly hasNextPage: boolean
  readonly hasPreviousPage: boolean
}

type Page = Pick<AffinityPageRequest, 'first' | 'after' | 'offset'> & { readonly descending: boolean }

/** Reads a page of all slots: computes the rank of its start, and reads on from there. */
export function pageOfAll(ordered: OrderedColumn, page: Page): SlotPage {
  const { sorted } = ordered
  const before = Math.min(skippedBy(ordered, page) + (page.offset ?? 0), sorted.size)
  const length = Math.min(page.first, sorted.size - before)
  const next = page.descending ? sorted.from(sorted.size - 1 - before, -1) : sorted.from(before, 1)
  return {
    slots: Array.from({ length }, next),
    hasNextPage: before + length < sorted.size,
    hasPreviousPage: before > 0,
  }
}

/**
 * Reads a page of selected slots, in one of two ways. Walking along the order and testing each slot costs about
 * (offset + first) × all / matches steps if the matches are spread evenly, which is little if there are many. Collecting
 * all matches in a top-k heap costs about their number, which is little if there are few. The way with the lower estimate
 * is taken. Since all matches may lie at the far end, a walk has a budget, and beyond it the matches are collected. If they
 * are spread evenly, the worst case is about √(all × page) entries; otherwise it is a small multiple of their number.
 */
export function pageOfMatches(ordered: OrderedColumn, matches: Matches, page: Page): SlotPage {
  const wanted = (page.offset ?? 0) + page.first
  if (page.after === undefined) {
    // Without `after` the number of matches ahead is known, so an empty page does not have to read the order.
    const offset = Math.min(page.offset ?? 0, matches.count)
    if (page.first === 0 || offset === matches.count) {
      return { slots: [], hasNextPage: offset < matches.count, hasPreviousPage: offset > 0 }
    }
  }
  const budget = walkingBudget(ordered.sorted.size, matches.count, wanted)
  return (
    (budget > 0 ? walked(ordered, matches, page, budget) : undefined) ?? collected(ordered, matches, page)
  )
}

/** Returns how many entries a walk may visit before the matches are collected instead; 0 if it should not begin. */
function walkingBudget(all: number, matching: number, wanted: number): number {
  const kept = Math.min(wanted, matching)
  // Collecting an entry costs about twice as much as visiting one in a walk; the kept entries are sorted.
  const collecting = 2 * (matching + kept * Math.log2(kept + 1))
  const atMost = all - matching + kept
  if (atMost <= collecting) return Number.POSITIVE_INFINITY
  const evenly = ((wanted + 1) * all) / (matching + 1)
  return evenly <= collecting ? Math.max(2 * evenly, collecting / 4) : 0
}

/** Walks along the order. Returns undefined if that would visit more entries than the budget. */
function walked(ordered: OrderedColumn, matches: Matches, page: Page, budget: number): SlotPage | undefined {
  const { sorted } = ordered
  const { after, offset = 0, first, descending } = page
  const step = descending ? -1 : 1
  const before = skippedBy(ordered, page)
  const start = descending ? sorted.size - 1 - before : before
  // With `after`, one match more than the page shows whether there is a next page.
  const enough = after === undefined ? Math.min(offset + first, matches.count) : offset + first + 1
  const slots: number[] = []
  let found = 0
  let visited = 0
  const next = sorted.from(start, step)
  let slot = 0
  while (found < enough) {
    slot = next()
    if (slot < 0) break
    if (++visited > budget) {
      return undefined
    }
    if (!matches.has(slot)) continue
    found++
    if (found > offset && found <= offset + first) slots.push(slot)
  }
  const atEnd = slot < 0
  const hasNextPage = after === undefined ? offset + first < matches.count : found > offset + first
  if (after === undefined) return { slots, hasNextPage, hasPreviousPage: offset > 0 && matches.count > 0 }
  if (atEnd)
    return { slots, hasNextPage, hasPreviousPage: matches.count - found + Math.min(offset, found) > 0 }
  if (offset > 0) return { slots, hasNextPage, hasPreviousPage: true }
  const hasPreviousPage = foundWithin(sorted.from(start - step, descending ? 1 : -1), matches, budget)
  return hasPreviousPage === undefined ? undefined : { slots, hasNextPage, hasPreviousPage }
}

/** Checks whether there is any match; undefined if that would visit more entries than the budget. */
function foundWithin(next: () => number, matches: Matches, budget: number): boolean | undefined {
  for (let visited = 1; ; visited++) {
    if (visited > budget) return undefined
    const slot = next()
    if (slot < 0) return false
    if (matches.has(slot)) return true
  }
}

function collected(ordered: OrderedColumn, matches: Matches, page: Page): SlotPage {
  const { after, offset = 0, first, descending } = page
  const best = new TopK(
    Math.min(offset + first, matches.count),
    descending ? (a, b) => ordered.sortsBefore(b, a) : (a, b) => ordered.sortsBefore(a, b),
  )
  let ahead = 0
  matches.forEach((slot) => {
    if (after !== undefined) {
      const side = ordered.compare(slot, after)
      if (descending ? side >= 0 : side <= 0) return
    }
    ahead++
    best.add(slot)
  })
  const before = matches.count - ahead + Math.min(offset, ahead)
  return {
    slots: best.sorted().slice(offset),
    hasNextPage: ahead > offset + first,
    hasPreviousPage: before > 0,
  }
}

/** Returns how many entries of the order come before `after` or at it, in the page's direction. */
function skippedBy({ sorted }: OrderedColumn, { after, descending }: Page): number {
  if (after === undefined) return 0
  return descending ? sorted.size - sorted.rank(after, false) : sorted.rank(after, true)
}

/**
 * A top-k heap: keeps the first `room` of many slots in an order. The root of the binary heap is the last slot that is
 * kept, so that most other slots cost one comparison.
 */
export class TopK {
  readonly #room: number
  readonly #sortsBefore: (a: number, b: number) => boolean
  readonly #heap: number[] = []

  constructor(room: number, sortsBefore: (a: number, b: number) => boolean) {
    this.#room = room
    this.#sortsBefore = sortsBefore
  }

  add(slot: number): void {
    const heap = this.#heap
    if (heap.length < this.#room) {
      this.#rise(heap.length, slot)
    } else if (heap.length > 0 && this.#sortsBefore(slot, heap[0] ?? -1)) {
      this.#sink(slot)
    }
  }

  sorted(): number[] {
    return [...this.#heap].sort((a, b) => (a === b ? 0 : this.#sortsBefore(a, b) ? -1 : 1))
  }

  #rise(from: number, slot: number): void {
    const heap = this.#heap
    let place = from
    while (place > 0) {
      const parent = (place - 1) >>> 1
      const above = heap[parent] ?? -1
      if (!this.#sortsBefore(above, slot)) break
      heap[place] = above
      place = parent
    }
    heap[place] = slot
  }

  /** Replaces the root by a slot. */
  #sink(slot: number): void {
    const heap = this.#heap
    let place = 0
    for (;;) {
      let child = 2 * place + 1
      if (child >= heap.length) break
      const right = child + 1
      if (right < heap.length && this.#sortsBefore(heap[child] ?? -1, heap[right] ?? -1)) child = right
      const below = heap[child] ?? -1
      if (!this.#sortsBefore(slot, below)) break
      heap[place] = below
      place = child
    }
    heap[place] = slot
  }
}
