import { isSortText, sortText } from '../util/sort-text.js'
import type { PageArguments } from './affinities.js'
import { decodePosition, encodePosition, queryFingerprint } from './cursors.js'
import type { MaybePromise } from './maybe-promise.js'
import { readFirst } from './page-arguments.js'

/** Arguments of a page, checked. */
export interface KeysetRequest {
  readonly first: number
  /** What the last item of the page before was sorted by; that item may since be gone. */
  readonly after: readonly string[] | undefined
  readonly fingerprint: string
}

/** A page, each part of which may be read when it is first asked for. */
export interface KeysetPage<Item> {
  items(): MaybePromise<readonly Item[]>
  /** All items, before paging. */
  totalCount(): MaybePromise<number>
  hasNextPage(): MaybePromise<boolean>
  hasPreviousPage(): MaybePromise<boolean>
  cursorOf(item: Item): string
}

/**
 * How a list is sorted: by the `sortText` of these texts, compared one after the other by UTF-16 code unit. Together they
 * name one item.
 */
export interface KeysetOrder<Item> {
  /** How many texts `keyOf` gives. */
  readonly length: number
  keyOf(item: Item): readonly string[]
}

/**
 * Every check on a page's arguments, before any store is asked.
 * @param query names the list and its selection: a cursor of another is refused
 * @throws InvalidInputError
 */
export function readKeysetRequest(
  args: PageArguments,
  query: readonly unknown[],
  { length }: KeysetOrder<never>,
): KeysetRequest {
  const first = readFirst(args.first)
  const fingerprint = queryFingerprint(query)
  const isPosition = (parts: readonly unknown[]): parts is readonly string[] =>
    parts.length === length && parts.every(isSortText)
  const after = args.after == null ? undefined : decodePosition(fingerprint, args.after, isPosition)
  return { first, after, fingerprint }
}

/** A page of a list that is all in memory. */
export function keysetPage<Item>(
  items: readonly Item[],
  order: KeysetOrder<NoInfer<Item>>,
  { first, after, fingerprint }: KeysetRequest,
): KeysetPage<Item> {
  const positionOf = (item: Item) => order.keyOf(item).map(sortText)
  const sorted = items
    .map((item) => ({ item, position: positionOf(item) }))
    .sort((a, b) => compareTexts(a.position, b.position))
  const firstAfter = after ? sorted.findIndex(({ position }) => compareTexts(position, after) > 0) : 0
  const start = firstAfter < 0 ? sorted.length : firstAfter
  const end = start + first
  const shown = sorted.slice(start, end).map(({ item }) => item)
  return {
    items: () => shown,
    totalCount: () => sorted.length,
    hasNextPage: () => end < sorted.length,
    hasPreviousPage: () => start > 0,
    cursorOf: (item) => encodePosition(fingerprint, positionOf(item)),
  }
}

export function compareTexts(a: readonly string[], b: readonly string[]): number {
  for (const [index, text] of a.entries()) {
    const other = b[index] ?? ''
    if (text !== other) return text < other ? -1 : 1
  }
  return 0
}
