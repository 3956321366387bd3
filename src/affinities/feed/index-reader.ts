import { setImmediate as nextTurn } from 'node:timers/promises'
import { type AffinityPosition, type AffinityReader, positionOf } from '../affinity-reader.js'
import type { AffinityRecord } from '../affinity-record.js'
import type { AffinitySelection } from '../affinity-selection.js'
import type { AffinityIndex } from '../index/affinity-index.js'

/** Records taken from the index in one step when a whole selection is read. */
const CHUNK = 2_000

/**
 * Reads from the live index.
 * @param pass resolves when the index may be read; throws UnavailableError
 */
export const createIndexReader = (index: AffinityIndex, pass: () => Promise<void>): AffinityReader => ({
  async page(request) {
    await pass()
    return index.page(request)
  },
  async count(selection) {
    await pass()
    return index.count(selection)
  },
  async matching(selection) {
    await pass()
    return matching(index, selection, pass)
  },
  async distinct(dimension) {
    await pass()
    return index.distinct(dimension)
  },
  async valuesContaining(dimension, text) {
    await pass()
    return index.valuesContaining(dimension, text)
  },
})

/**
 * Reads a whole selection in steps, ordered by creation time. A refresh does not change that order, so a record that exists
 * all the time is found exactly once.
 */
async function matching(
  index: AffinityIndex,
  selection: AffinitySelection,
  pass: () => Promise<void>,
): Promise<readonly AffinityRecord[]> {
  const found = new Map<string, AffinityRecord>()
  let after: AffinityPosition | undefined
  while (true) {
    const page = index.page({
      selection,
      order: { field: 'CREATED_AT', direction: 'ASC' },
      first: CHUNK,
      ...(after && { after }),
    })
    for (const record of page.records) found.set(record.key, record)
    const last = page.records.at(-1)
    if (!page.hasNextPage || !last) return [...found.values()]
    after = positionOf(last, 'CREATED_AT')
    await nextTurn()
    await pass()
  }
}
