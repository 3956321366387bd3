import { setImmediate as nextTurn } from 'node:timers/promises'
import { type AffinityPosition, type AffinityReader, positionOf } from '../affinity-reader.js'
import type { AffinityRecord } from '../affinity-record.js'
import type { AffinitySelection } from '../affinity-selection.js'
import type { AffinityIndex } from '../index/affinity-index.js'

/** Records taken from the index in one go when all of a selection are asked for. */
const CHUNK = 2_000

/**
 * Answers from the index as it is at the moment.
 * @param pass resolves when the index may be looked at; throws UnavailableError
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

/** In order of creation, which a use leaves as it is: what is there throughout is found, and found once. */
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
