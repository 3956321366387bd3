import type { AffinityPageRequest } from '../affinity-reader.js'
import type { Matches } from './disjunction.js'
import type { OrderedColumn } from './ordered-column.js'
import { TopK } from './top-k.js'

export interface SlotPage {
  readonly slots: readonly number[]
  readonly hasNextPage: boolean
  readonly hasPreviousPage: boolean
}

type Page = Pick<AffinityPageRequest, 'first' | 'after' | 'offset'> & { readonly descending: boolean }

/** A page of every slot: two ranks, and the slots between them. */
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
 * A page of some slots, in one of two ways. Walking the order and asking each slot costs about
 * (offset + first) × all / matches where the matches lie evenly: little when they are many. Collecting the matches and
 * keeping the best costs about their number: little when they are few. The cheaper by that estimate is taken; but
 * the matches may all lie at the far end, so a walk that goes on too long is given up for collecting. Evenly spread,
 * the worst case is about √(all × page) entries; however they lie, it is a small multiple of their number.
 */
export function pageOfMatches(ordered: OrderedColumn, matches: Matches, page: Page): SlotPage {
  const wanted = (page.offset ?? 0) + page.first
  if (page.after === undefined) {
    // What lies ahead is known beforehand, so a page that shows nothing needs no look at the order.
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

/** Entries that a walk may look at before it is given up for collecting; 0 where it should not begin. */
function walkingBudget(all: number, matching: number, wanted: number): number {
  const kept = Math.min(wanted, matching)
  // A collected entry is looked up and compared, twice the work of one passed by; the kept ones are sorted.
  const collecting = 2 * (matching + kept * Math.log2(kept + 1))
  const atMost = all - matching + kept
  if (atMost <= collecting) return Number.POSITIVE_INFINITY
  const evenly = ((wanted + 1) * all) / (matching + 1)
  return evenly <= collecting ? Math.max(2 * evenly, collecting / 4) : 0
}

/** Undefined when the budget, in entries visited, did not suffice. */
function walked(ordered: OrderedColumn, matches: Matches, page: Page, budget: number): SlotPage | undefined {
  const { sorted } = ordered
  const { after, offset = 0, first, descending } = page
  const step = descending ? -1 : 1
  const before = skippedBy(ordered, page)
  const start = descending ? sorted.size - 1 - before : before
  // Without `after` the number of matches ahead is known: no need to look for one more than the page.
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

/** Whether a match comes up at all; undefined when the budget did not suffice. */
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

/** Entries of the whole order that come before a page's start, in the page's direction. */
function skippedBy({ sorted }: OrderedColumn, { after, descending }: Page): number {
  if (after === undefined) return 0
  return descending ? sorted.size - sorted.rank(after, false) : sorted.rank(after, true)
}
