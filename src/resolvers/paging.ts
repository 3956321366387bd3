import { createHash } from 'node:crypto'
import type { AffinityPosition } from '../affinities/affinity-reader.js'
import type { NamePosition } from '../affinities/record-names.js'
import { InvalidInputError } from '../errors.js'
import type { MaybePromise } from '../util/promises.js'
import { isSortText, parseJson, sortText } from '../util/text.js'

export interface PageArguments {
  readonly first?: number | null | undefined
  readonly after?: string | null | undefined
}

export const MAX_FIRST = 1_000
export const DEFAULT_FIRST = 100

/** @throws InvalidInputError if `first` is outside 1..1000; silent clamping would look like the end of the list */
export function readFirst(first: number | null | undefined): number {
  const wanted = first ?? DEFAULT_FIRST
  if (wanted < 1 || wanted > MAX_FIRST) {
    throw new InvalidInputError(`first must be between 1 and ${MAX_FIRST}; it was ${wanted}.`, 'first')
  }
  return wanted
}

/** @throws InvalidInputError if `offset` is negative or combined with `after` */
export function readOffset(offset: number | null | undefined, after: string | null | undefined): number {
  if (offset == null) return 0
  if (offset < 0) throw new InvalidInputError(`offset must not be negative; it was ${offset}.`, 'offset')
  if (after != null) {
    throw new InvalidInputError('offset and after cannot be combined: use one of the two.', 'offset')
  }
  return offset
}

/*
 * A cursor (keyset pagination) holds the sort values of a record, so that it works even after the record is gone. It has a
 * fingerprint of its query, so that it cannot be used with another one by mistake.
 */

const VERSION = 1
const FINGERPRINT_LENGTH = 11
/** A position has at most four sort texts of 555 characters. A character takes up to 6 bytes in JSON, and base64 adds a third. */
const MAX_CURSOR_LENGTH = 20_000

/** Computes the fingerprint of the query that a cursor belongs to. The caller gives order and selection in a canonical form. */
export const queryFingerprint = (query: unknown): string =>
  createHash('sha256').update(JSON.stringify(query)).digest('base64url').slice(0, FINGERPRINT_LENGTH)

/** Stands for Infinity, which JSON does not have: the expiry of a record that never expires. */
const NEVER = 'never'

export const encodeCursor = (fingerprint: string, { value, key }: AffinityPosition): string =>
  encodePosition(fingerprint, [value === Number.POSITIVE_INFINITY ? NEVER : value, key])

/** @throws InvalidInputError if the cursor was not made by `encodeCursor` for the same query */
export function decodeCursor(fingerprint: string, cursor: string): AffinityPosition {
  const [value, key] = decodePosition(fingerprint, cursor, isAffinityPosition)
  return { value: value === NEVER ? Number.POSITIVE_INFINITY : value, key }
}

/** Stands for a place without a name. */
const NAMELESS = 0

export const encodeNameCursor = (fingerprint: string, { name, key }: NamePosition): string =>
  encodePosition(fingerprint, [name ?? NAMELESS, key])

/** @throws InvalidInputError if the cursor was not made by `encodeNameCursor` for the same query */
export function decodeNameCursor(fingerprint: string, cursor: string): NamePosition {
  const [name, key] = decodePosition(fingerprint, cursor, isNamePosition)
  return { name: name === NAMELESS ? null : name, key }
}

const isNamePosition = (parts: readonly unknown[]): parts is [name: string | typeof NAMELESS, key: string] =>
  parts.length === 2 && (parts[0] === NAMELESS || isSortText(parts[0])) && isSortText(parts[1])

const isAffinityPosition = (
  parts: readonly unknown[],
): parts is [value: number | typeof NEVER, key: string] =>
  // JSON.parse reads 1e999 as Infinity.
  parts.length === 2 && (parts[0] === NEVER || Number.isFinite(parts[0])) && isSortText(parts[1])

export const encodePosition = (fingerprint: string, position: readonly (string | number)[]): string =>
  Buffer.from(JSON.stringify([VERSION, fingerprint, ...position])).toString('base64url')

/**
 * Decodes a cursor to a position in the order.
 * @param isPosition returns true if these parts can be a position in the order
 * @throws InvalidInputError if the cursor was not made by `encodePosition` for the same query
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
