import { createHash } from 'node:crypto'
import type { AffinityPosition } from '../affinities/affinity-reader.js'
import { InvalidInputError } from '../errors.js'
import { isSortText } from '../util/sort-text.js'

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

export const encodeCursor = (fingerprint: string, { value, key }: AffinityPosition): string =>
  encodePosition(fingerprint, [value, key])

/** @throws InvalidInputError if the cursor was not made by `encodeCursor` for the same query */
export function decodeCursor(fingerprint: string, cursor: string): AffinityPosition {
  const [value, key] = decodePosition(fingerprint, cursor, isAffinityPosition)
  return { value, key }
}

const isAffinityPosition = (parts: readonly unknown[]): parts is [value: number, key: string] =>
  // JSON.parse reads 1e999 as Infinity.
  parts.length === 2 && Number.isFinite(parts[0]) && isSortText(parts[1])

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
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
    return Array.isArray(parts) ? parts : undefined
  } catch {
    return undefined
  }
}
