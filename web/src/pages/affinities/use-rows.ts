import { useCallback, useSyncExternalStore } from 'react'
import type { AffinityRowFragment } from '../../generated/graphql.js'
import type { LiveRow, LiveSummary } from './live/live-page.js'
import type { AffinityPage } from './use-page.js'

export const useRowIds = (page: AffinityPage): readonly string[] =>
  useSyncExternalStore(page.subscribe, page.ids)

export const useSummary = (page: AffinityPage): LiveSummary =>
  useSyncExternalStore(page.subscribe, page.summary)

/** Only the rows that changed are drawn again. */
export function useRow(page: AffinityPage, id: string): LiveRow<AffinityRowFragment> | undefined {
  const subscribe = useCallback((listener: () => void) => page.subscribeRow(id, listener), [page, id])
  return useSyncExternalStore(subscribe, () => page.row(id))
}
