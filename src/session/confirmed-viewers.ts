import { UnavailableError } from '../errors.js'
import { createLru } from '../util/lru.js'
import type { Viewer } from './viewer.js'

/** A token reads on for so long after the database has last confirmed it, while the database is away. */
export const READS_ON_MS = 15 * 60_000

/** Remembers whom the database has confirmed, by the hash of the token and the device that it was sent from. */
export interface ConfirmedViewers {
  remember(tokenSha256Hex: string, deviceId: string | null, viewer: Viewer): void
  forget(tokenSha256Hex: string, deviceId: string | null): void
  /**
   * Returns the viewer of a token that the database cannot confirm now, who may read what needs no database.
   * @throws `error` if it is no outage of the database, or has no such viewer
   */
  standIn(tokenSha256Hex: string, deviceId: string | null, error: unknown): Viewer
}

export interface ConfirmedViewersOptions {
  readonly maxEntries: number
  /** Unix milliseconds. */
  readonly now: () => number
}

export function createConfirmedViewers({ maxEntries, now }: ConfirmedViewersOptions): ConfirmedViewers {
  const seen = createLru<string, { readonly viewer: Viewer; readonly at: number }>(maxEntries)
  const nameOf = (hash: string, deviceId: string | null) => JSON.stringify([hash, deviceId])
  return {
    remember(hash, deviceId, viewer) {
      seen.set(nameOf(hash, deviceId), { viewer, at: now() })
    },
    forget(hash, deviceId) {
      seen.delete(nameOf(hash, deviceId))
    },
    standIn(hash, deviceId, error) {
      const isOutage = error instanceof UnavailableError && error.code === 'DATABASE_UNAVAILABLE'
      const entry = isOutage ? seen.get(nameOf(hash, deviceId)) : undefined
      if (entry === undefined || now() - entry.at > READS_ON_MS) throw error
      return { ...entry.viewer, isUnconfirmed: true }
    },
  }
}
