import { createHash } from 'node:crypto'
import { InvalidInputError } from '../errors.js'
import type { AffinityPosition } from '../stores/affinity-reader.js'

/*
 * A cursor is a place in one order of one selection: the sort value and the key of a record that may since be gone.
 * It carries a fingerprint of the query that made it, so that it cannot be used, by mistake or by guess, with another.
 */

const VERSION = 1
const FINGERPRINT_LENGTH = 11
/** A key is at most a few hundred bytes; nothing longer was made here. */
const MAX_CURSOR_LENGTH = 8_192

/** Names the query that a cursor belongs to: its order and its selection, in a canonical form. */
export const queryFingerprint = (query: unknown): string =>
  createHash('sha256').update(JSON.stringify(query)).digest('base64url').slice(0, FINGERPRINT_LENGTH)

export const encodeCursor = (fingerprint: string, { value, key }: AffinityPosition): string =>
  Buffer.from(JSON.stringify([VERSION, fingerprint, value, key])).toString('base64url')

/** @throws InvalidInputError where the cursor was not made by `encodeCursor` for the same query */
export function decodeCursor(fingerprint: string, cursor: string): AffinityPosition {
  const parts = cursor.length <= MAX_CURSOR_LENGTH ? parseParts(cursor) : undefined
  if (!parts) throw new InvalidInputError('after is not a cursor of this service.', 'after')
  const [version, madeFor, value, key] = parts
  if (version !== VERSION || typeof value !== 'number' || typeof key !== 'string') {
    throw new InvalidInputError('after is not a cursor of this service.', 'after')
  }
  if (madeFor !== fingerprint) {
    throw new InvalidInputError('after is a cursor of another search, filter or order.', 'after')
  }
  return { value, key }
}

function parseParts(cursor: string): unknown[] | undefined {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
    return Array.isArray(parts) && parts.length === 4 ? parts : undefined
  } catch {
    return undefined
  }
}
