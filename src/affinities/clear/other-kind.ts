import type { AffinityOrderField, AffinityReader } from '../affinity-reader.js'
import { type AffinityRecord, lastUsedAt } from '../affinity-record.js'

/** A record that was written so many seconds ago says that somebody still writes its family. */
const STILL_WRITTEN_SECONDS = 60
/** Records that are looked at in each order. */
const LOOKED_AT = 100

export interface OtherKindFacts {
  readonly reader: Pick<AffinityReader, 'page'>
  /** Reads for how many seconds the pins of these provider keys last after each use. Never rejects. */
  ttlSeconds(providerKeyIds: readonly string[]): Promise<(id: string) => number | undefined>
  readonly defaultTtlSeconds: number
  /** Unix seconds. */
  readonly now: number
}

/**
 * Tells of records in families of keys that the gateway beside this service does not write, but that somebody has written in
 * the last minute: clears do not reach the memory of that other gateway. It looks at a bounded number of records, those that
 * expire last and those that are youngest.
 */
export async function otherKindProblem(
  families: readonly string[],
  { reader, ttlSeconds, defaultTtlSeconds, now }: OtherKindFacts,
): Promise<string | null> {
  if (families.length === 0) return null
  const newest = (field: AffinityOrderField) =>
    reader.page({
      selection: { all: { family: new Set(families) } },
      order: { field, direction: 'DESC' },
      first: LOOKED_AT,
    })
  const pages = await Promise.all([newest('EXPIRES_AT'), newest('CREATED_AT')])
  const records = pages.flatMap((page) => page.records)
  if (records.length === 0) return null
  const ttlOf = await ttlSeconds([...new Set(records.map(({ providerKeyId }) => providerKeyId))])
  const writtenAt = (record: AffinityRecord): number =>
    lastUsedAt(record, ttlOf(record.providerKeyId) ?? defaultTtlSeconds)
  const written = records.filter((record) => writtenAt(record) > now - STILL_WRITTEN_SECONDS)
  if (written.length === 0) return null
  const names = [...new Set(written.map(({ family }) => family))].sort().join(' and ')
  return `Records of ${names} were written within the last minute, and the gateway whose tables this service reads does not write them: another gateway uses the same Redis, and clears do not reach its memory. Give each gateway a Redis of its own and a service beside it, or stop the one that is left over.`
}
