import { createHash } from 'node:crypto'
import type { AffinityPosition } from '../affinities/affinity-reader.js'
import { InvalidInputError } from '../errors.js'
import type { MaybePromise } from '../util/promises.js'
import { isSortText, parseJson, sortText } from '../util/text.js'

export interface PageArguments {
  readonly first?: number | null | undefined
  readonly after?: string | null | undefined
}

export const MAX_FIRST = 1_000
export const DEFAULT_FIRST = 100

/** @throws InvalidInputError where `first` is outside 1..1000: it is never clamped in silence */
export function readFirst(first: number | null | undefined): number {
  const wanted = first ?? DEFAULT_FIRST
  if (wanted < 1 || wanted > MAX_FIRST) {
    throw new InvalidInputError(`first must be between 1 and ${MAX_FIRST}; it was ${wanted}.`, 'first')
  }
  return wanted
}

/** @throws InvalidInputError where `offset` is negative or comes with `after` */
export function readOffset(offset: number | null | undefined, after: string | null | undefined): number {
  if (offset == null) return 0
  if (offset < 0) throw new InvalidInputError(`offset must not be negative; it was ${offset}.`, 'offset')
  if (after != null) {
    throw new InvalidInputError('offset and after cannot be combined: use one of the two.', 'offset')
  }
  return offset
}

/*
 * A cursor is a place in one order of one selection: what a record is sorted by, which may since be gone.
 * It carries a fingerprint of the query that made it, so that it cannot be used, by mistake or by guess, with another.
 */

const VERSION = 1
const FINGERPRINT_LENGTH = 11
/** Four sort texts are the most that a place has, 555 characters each, up to 6 bytes in JSON, and 4/3 of that in base64. */
const MAX_CURSOR_LENGTH = 20_000

/** Names the query that a cursor belongs to: its order and its selection, in a canonical form. */
export const queryFingerprint = (query: unknown): string =>
  createHash('sha256').update(JSON.stringify(query)).digest('base64url').slice(0, FINGERPRINT_LENGTH)

export const encodeCursor = (fingerprint: string, { value, key }: AffinityPosition): string =>
  encodePosition(fingerprint, [value, key])

/** @throws InvalidInputError where the cursor was not made by `encodeCursor` for the same query */
export function decodeCursor(fingerprint: string, cursor: string): AffinityPosition {
  const [value, key] = decodePosition(fingerprint, cursor, isAffinityPosition)
  return { value, key }
}

const isAffinityPosition = (parts: readonly unknown[]): parts is [value: number, key: string] =>
  // 1e999 is JSON, and reads as Infinity.
  parts.length === 2 && Number.isFinite(parts[0]) && isSortText(parts[1])

export const encodePosition = (fingerprint: string, position: readonly (string | number)[]): string =>
  Buffer.from(JSON.stringify([VERSION, fingerprint, ...position])).toString('base64url')

/**
 * @param isPosition whether these parts can be a place in the order
 * @throws InvalidInputError where the cursor was not made by `encodePosition` for the same query
 */
export function decodePosition<Position extends readonly unknown[]>(
  fingerprint: string,
  cursor: string,
  isPosition: (parts: readonly unknown[]) => parts is Position,
): Position {
  const parts = cursor.length <= MAX_CURSOR_LENGTH ? parseParts(cursor) : undefined
  const [version, madeFor, ...position] = parts ?? []
  if (version !== VERSION || typeof madeFor !== 'string') {
    throw new InvalidInputError('after is not a cursor of this service.', 'after')
  }
  if (madeFor !== fingerprint) {
    throw new InvalidInputError('after is a cursor of another search, filter or order.', 'after')
  }
  if (!isPosition(position)) throw new InvalidInputError('after is not a cursor of this service.', 'after')
  return position
}

function parseParts(cursor: string): unknown[] | undefined {
  const parts = parseJson(Buffer.from(cursor, 'base64url').toString('utf8'))
  return Array.isArray(parts) ? parts : undefined
}

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
