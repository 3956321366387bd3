import type { AffinityReader } from '../affinity-reader.js'
import { type AffinityRecord, dimensionValue } from '../affinity-record.js'

/** Records that are looked at. */
const LOOKED_AT = 1_000
/** Records of one epoch, and epochs, in a sample. */
const OF_ONE_EPOCH = 5
const EPOCHS = 10

/**
 * Returns a sample of the mirrors of sessions that gateway processes have written since a moment: a few of each epoch, which
 * is what tells the processes apart.
 * @param since Unix seconds
 * @param ttlSeconds for so long a mirror lasts after each write
 */
export async function writtenSince(
  reader: Pick<AffinityReader, 'page'>,
  since: number,
  ttlSeconds: number,
): Promise<readonly AffinityRecord[]> {
  const { records } = await reader.page({
    selection: { all: { family: new Set(['scheduler_affinity_v2']) } },
    order: { field: 'EXPIRES_AT', direction: 'DESC' },
    first: LOOKED_AT,
  })
  const byEpoch = new Map<string, AffinityRecord[]>()
  for (const record of records) {
    const epoch = dimensionValue(record, 'epoch')
    if (epoch === undefined || record.writtenExpiry - ttlSeconds < since) continue
    const known = byEpoch.get(epoch)
    if (known && known.length < OF_ONE_EPOCH) known.push(record)
    else if (!known && byEpoch.size < EPOCHS) byEpoch.set(epoch, [record])
  }
  return [...byEpoch.values()].flat()
}
