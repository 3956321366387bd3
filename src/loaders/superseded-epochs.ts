import type { AffinityReader } from '../affinities/affinity-reader.js'

/** Records that are looked at, those that the cache keeps longest: each write of a Rust gateway gives the same TTL. */
const LATEST = 1_000

/**
 * Returns the epochs of live records whose pins a process has forgotten since: all but that of the record that expires last,
 * which was written last. Holds for the records of one process alone. A record that tells no epoch says nothing here.
 */
export async function supersededEpochs(
  reader: Pick<AffinityReader, 'distinct' | 'page'>,
): Promise<readonly string[]> {
  const epochs = new Set(await reader.distinct('epoch'))
  if (epochs.size < 2) return []
  const { records } = await reader.page({
    selection: { all: { epoch: epochs } },
    order: { field: 'EXPIRES_AT', direction: 'DESC' },
    first: LATEST,
  })
  // Times are whole seconds: of those that expire last together, nobody can tell which was written last.
  const last = records.reduce((latest, { writtenExpiry }) => Math.max(latest, writtenExpiry), 0)
  const current = new Set(
    records.filter(({ writtenExpiry }) => writtenExpiry === last).map(({ extra }) => extra?.['epoch']),
  )
  return [...epochs].filter((epoch) => !current.has(epoch))
}
