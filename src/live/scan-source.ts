import {
  type AffinityPage,
  type AffinityPageRequest,
  type AffinityReader,
  comparePositions,
  positionOf,
} from '../stores/affinity-reader.js'
import type { AffinityRecord } from '../stores/affinity-record.js'
import { isSelected } from '../stores/affinity-selection.js'
import type { AffinityStore, BrokenAffinity } from '../stores/affinity-store.js'
import type { AffinitySource } from './affinity-source.js'
import type { BrokenRecords } from './broken-records.js'

/** One page of plain records. The meaning that every faster reader must agree with. */
export function pageOf(records: readonly AffinityRecord[], request: AffinityPageRequest): AffinityPage {
  const { field, direction } = request.order
  const sign = direction === 'ASC' ? 1 : -1
  const selected = records
    .filter((record) => isSelected(record, request.selection))
    .map((record) => ({ record, position: positionOf(record, field) }))
    .sort((a, b) => sign * comparePositions(a.position, b.position))
  const { after } = request
  const firstAfter = after
    ? selected.findIndex(({ position }) => sign * comparePositions(position, after) > 0)
    : 0
  const start = (firstAfter < 0 ? selected.length : firstAfter) + (request.offset ?? 0)
  const end = start + request.first
  return {
    records: selected.slice(start, end).map(({ record }) => record),
    totalCount: selected.length,
    hasNextPage: end < selected.length,
    hasPreviousPage: start > 0 && selected.length > 0,
  }
}

const readerOf = (read: () => Promise<readonly AffinityRecord[]>): AffinityReader => ({
  page: async (request) => pageOf(await read(), request),
  count: async (selection) => (await read()).filter((record) => isSelected(record, selection)).length,
  distinct: async (dimension) => new Set((await read()).map((record) => record[dimension])),
})

/** Reads everything for each request, but never twice at a time: requests that overlap share one scan. */
export function createScanSource(store: AffinityStore, brokenRecords: BrokenRecords): AffinitySource {
  let inFlight: Promise<readonly AffinityRecord[]> | undefined

  async function readAll(): Promise<readonly AffinityRecord[]> {
    const records: AffinityRecord[] = []
    const broken: BrokenAffinity[] = []
    for await (const batch of store.readAll()) {
      for (const record of batch.records) records.push(record)
      for (const entry of batch.broken) broken.push(entry)
    }
    brokenRecords.report(broken)
    return records
  }

  const sharedRead = (): Promise<readonly AffinityRecord[]> => {
    inFlight ??= readAll().finally(() => {
      inFlight = undefined
    })
    return inFlight
  }

  return {
    open() {
      let snapshot: Promise<readonly AffinityRecord[]> | undefined
      return readerOf(() => {
        snapshot ??= sharedRead()
        return snapshot
      })
    },
    get brokenCount() {
      return brokenRecords.count
    },
  }
}
