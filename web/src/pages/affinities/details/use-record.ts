import { useCallback, useSyncExternalStore } from 'react'
import { type AffinityRowFragment, OneAffinityDocument } from '../../../generated/graphql.js'
import { useAnswer } from '../../../hooks/use-answer.js'
import { type LiveRow, rowOf } from '../live/live-page.js'
import type { AffinityPage } from '../use-page.js'

/** No event tells of a record outside the page, so that it is read again after so long. */
const EVERY_MS = 5_000

export interface OpenRecord {
  /** Undefined while it is unknown, and if there is no such record. */
  readonly row: LiveRow<AffinityRowFragment> | undefined
  /** The record is looked for. */
  readonly loading: boolean
  readonly error: unknown
  /** When a record that is not on the page was read, Unix milliseconds; null for one that the page follows. */
  readonly readAt: number | null
  readonly ask: () => void
}

/**
 * The hook finds the record of an address: on the page, or else wherever it is in the list, or outside of its filter.
 * @param settled true once the page has been read, or could not be
 */
export function useRecord(page: AffinityPage, id: string | null, settled: boolean): OpenRecord {
  const subscribe = useCallback(
    (listener: () => void) => {
      const stopPage = page.subscribe(listener)
      const stopRow = page.subscribeRow(id ?? '', listener)
      return () => {
        stopPage()
        stopRow()
      }
    },
    [page, id],
  )
  const onPage = useSyncExternalStore(subscribe, () => page.row(id ?? ''))
  const skip = id === null || onPage !== undefined || !settled
  const { data, loading, error, readAt, ask } = useAnswer(
    OneAffinityDocument,
    { id: id ?? '' },
    { fetchPolicy: 'no-cache', everyMs: EVERY_MS, skip },
  )
  if (skip) return { row: onPage, loading: !settled, error: undefined, readAt: null, ask }
  // The answer before may be another record's.
  const record = data?.affinity?.id === id ? data.affinity : undefined
  return { row: record && rowOf(record, readAt), loading: loading && !record, error, readAt, ask }
}
