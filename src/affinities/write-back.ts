import type { AffinityRecord } from './affinity-record.js'

/** What is kept of a record that a clear removes. */
export type Removed = Pick<AffinityRecord, 'createdAt' | 'requestCount'>

/**
 * Tells a write-back from a new pin by what was removed, with no clock of ours: the clocks of gateways may differ from it and
 * from each other. Mirrors have whole seconds, so that a new pin may seem as old as the one that was removed; only a
 * write-back has been used more often.
 */
export const isWriteBackOf = (removed: Removed | undefined, record: Removed, isMirror: boolean): boolean =>
  removed !== undefined &&
  (record.createdAt < removed.createdAt ||
    (record.createdAt === removed.createdAt && !(isMirror && record.requestCount <= removed.requestCount)))
