import { isSortText, sortText } from '../util/sort-text.js'
import type { PageArguments } from './affinities.js'
import { decodePosition, encodePosition, queryFingerprint } from './cursors.js'
import type { MaybePromise } from './maybe-promise.js'
import { readFirst } from './page-arguments.js'

/** Checked arguments of a page. */
export interface KeysetRequest {
  readonly first: number
  /** Sort texts of the previous page's last item, which may be gone. */
  readonly after: readonly string[] | undefined
  readonly fingerprint: string
}

/** A page whose parts may be read lazily. */
export interface KeysetPage<Item> {
  items(): MaybePromise<readonly Item[]>
  /** Number of items on all pages. */
  totalCount(): MaybePromise<number>
  hasNextPage(): MaybePromise<boolean>
  hasPreviousPage(): MaybePromise<boolean>
  cursorOf(item: Item): string
}

/**
 * Order of a list. Items are compared by the `sortText` of their first text, then of their second, and so on, by UTF-16 code
 * unit. Together the texts are unique.
 */
export interface KeysetOrder<Item> {
  /** Number of texts that `keyOf` returns. */
  readonly length: number
  keyOf(item: Item): readonly string[]
}

/**
 * Checks the arguments of a page, before any store is read.
 * @param query identifies the list and its selection; a cursor of another one is refused
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

/** Cuts a page out of a list in memory. */
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
