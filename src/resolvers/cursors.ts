import { createHash } from 'node:crypto'
import type { AffinityPosition } from '../affinities/affinity-reader.js'
import { InvalidInputError } from '../errors.js'
import { isSortText } from '../util/sort-text.js'

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
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
    return Array.isArray(parts) ? parts : undefined
  } catch {
    return undefined
  }
}
