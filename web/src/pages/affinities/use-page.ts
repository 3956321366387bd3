import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react'
import { client } from '../../api/client.js'
import { useAttention } from '../../api/visibility.js'
import {
  AffinitiesPageDocument,
  type AffinitiesPageQuery,
  type AffinitiesPageQueryVariables,
  AffinityEventsDocument,
  type AffinityFilter,
  type AffinityRowFragment,
} from '../../generated/graphql.js'
import { frameThrottle } from '../../hooks/frame-throttle.js'
import { useRecovery } from '../../hooks/use-recovery.js'
import { useRepeat } from '../../hooks/use-repeat.js'
import type { ViewState } from './address.js'
import { followRow } from './live/follow-row.js'
import { LivePage, type LiveRow, type LiveSummary } from './live/live-page.js'
import { nameReader } from './live/name-reader.js'
import { rememberNames } from './names.js'
import { type Matched, selectionFilter } from './selection-filter.js'

export type AffinityPage = LivePage<AffinityRowFragment>

/** The page is drawn at most five times per second. */
const REDRAW_MS = 200

export interface PageLoad {
  readonly page: AffinityPage
  readonly loading: boolean
  /** If rows are loaded as well, they are incomplete. */
  readonly error: unknown
  readonly loaded: boolean
  /** False if the server refuses the subscription. */
  readonly followed: boolean
  readonly matched: Matched | null
  reload(): void
}

interface LoadState extends Omit<PageLoad, 'page' | 'reload' | 'followed'> {
  /** The search that `matched` answers. */
  readonly search: string | null
  /** The rows are there, but what PostgreSQL tells of them is missing. */
  readonly isNameless: boolean
}

/** The hook reads the page of the address, and a subscription keeps it up to date. */
export function usePage(view: ViewState, filter: AffinityFilter | null): PageLoad {
  const [page] = useState(() => new LivePage(frameThrottle(REDRAW_MS), followRow))
  const [state, setState] = useState<LoadState>(NOTHING_YET)
  const [round, setRound] = useState(0)
  const reload = useCallback(() => setRound((before) => before + 1), [])
  const { search, size } = view
  const { field, direction } = view.sort
  const variables = useMemo(
    () => ({
      first: size,
      offset: (view.page - 1) * size,
      search: search === '' ? null : search,
      filter,
      orderBy: { field, direction },
    }),
    [size, view.page, search, filter, field, direction],
  )

  /** The variables of the rows that are shown. */
  const shown = useRef<typeof variables | null>(null)
  /** Aborts when the page is read anew. */
  const latestRead = useRef<AbortSignal>(undefined)

  const ask = useCallback(
    (signal: AbortSignal, asked: AffinitiesPageQueryVariables = variables) =>
      client.query({
        query: AffinitiesPageDocument,
        variables: asked,
        fetchPolicy: 'no-cache',
        context: { fetchOptions: { signal }, queryDeduplication: false },
      }),
    [variables],
  )
  /** Asks for the rows that are shown, wherever in the list they are by now. */
  const askForRows = useCallback(
    (signal: AbortSignal) => {
      const ids = [...page.ids()]
      return ask(signal, { first: ids.length, filter: { ids } })
    },
    [ask, page],
  )

  // biome-ignore lint/correctness/useExhaustiveDependencies: another round asks again
  useEffect(() => {
    // A new request cancels the one before: the answer to the last letters is shown.
    const abort = new AbortController()
    latestRead.current = abort.signal
    setState((before) => ({ ...before, loading: true }))
    page.startReading()
    const fail = (error: unknown) => {
      if (abort.signal.aborted) return
      page.stopReading()
      if (shown.current === variables)
        return setState((before) => ({ ...before, loading: false, error, isNameless: false }))
      // Rows of the old selection must not stay under the new filters.
      shown.current = null
      page.show([], 0, 0)
      setState({ ...NOTHING_YET, loading: false, error })
    }
    ask(abort.signal).then(({ data, error }) => {
      if (abort.signal.aborted) return
      if (!data) return fail(error)
      const { nodes, totalCount, matchedUser, matchedApiKey } = data.affinities
      rememberNames(nodes)
      page.show(nodes, totalCount, Date.now())
      shown.current = variables
      const matched = { matchedUser, matchedApiKey }
      // A search by names has found less than there is.
      const isNameless = error !== undefined && nodes.length > 0 && variables.search === null
      setState({ search: variables.search, loading: false, loaded: true, error, matched, isNameless })
    }, fail)
    return () => abort.abort()
  }, [ask, page, round])

  // The matched user is unknown until this search is answered.
  const matched = state.search === variables.search ? state.matched : null
  const followed = useLiveEvents(page, liveFilter(search, filter, matched), askForRows, reload)
  useRecovery(reload)
  const { loading, loaded, error, isNameless } = state
  /** Rows that an operator reads, or has ticked, stay where they are while their names are asked for. */
  const fillIn = useCallback(async () => {
    const signal = latestRead.current
    if (signal === undefined) return
    try {
      const { data, error: failure } = await askForRows(signal)
      if (signal.aborted) return
      if (!data) throw failure
      rememberNames(data.affinities.nodes)
      page.merge(data.affinities.nodes)
      setState((before) => ({ ...before, error: failure }))
    } catch (failure) {
      if (!signal.aborted) setState((before) => ({ ...before, error: failure, isNameless: false }))
    }
  }, [askForRows, page])
  useRepeat({ error, loading }, isNameless ? fillIn : reload)
  return { page, reload, loading, loaded, error, matched, followed }
}

const NOTHING_YET: LoadState = {
  search: null,
  loading: true,
  loaded: false,
  error: undefined,
  matched: null,
  isNameless: false,
}

interface LiveFilter {
  readonly filter: AffinityFilter | null
  /** True if the filter selects exactly the records of the list. */
  readonly exact: boolean
}

/** The subscription takes no search text, but a search that matched a user or API key is a filter. */
function liveFilter(search: string, filter: AffinityFilter | null, matched: Matched | null): LiveFilter {
  const exactly = selectionFilter(search, filter, matched)
  return exactly === undefined ? { filter, exact: false } : { filter: exactly, exact: true }
}

function useLiveEvents(
  page: AffinityPage,
  { filter, exact }: LiveFilter,
  askForRows: (signal: AbortSignal) => Promise<{ data?: AffinitiesPageQuery | undefined; error?: unknown }>,
  reload: () => void,
): boolean {
  const attended = useAttention()
  const [followed, setFollowed] = useState(true)
  const wasHidden = useRef(false)
  const key = JSON.stringify(filter)
  const latest = useRef({ exact, askForRows, reload })
  latest.current = { exact, askForRows, reload }

  useEffect(() => {
    if (!attended) {
      wasHidden.current = true
      return
    }
    if (wasHidden.current) latest.current.reload()
    wasHidden.current = false

    setFollowed(true)
    const abort = new AbortController()
    const wantNames = nameReader(
      () => latest.current.askForRows(abort.signal),
      ({ affinities }) => page.merge(affinities.nodes),
      abort.signal,
    )
    const variables: { filter: AffinityFilter | null } = { filter: JSON.parse(key) }
    const subscription = client
      .subscribe({
        query: AffinityEventsDocument,
        variables,
        // The cache would normalise thousands of records per second that nobody reads from it.
        fetchPolicy: 'no-cache',
        context: { onReconnected: () => latest.current.reload() },
      })
      .subscribe({
        next({ data }) {
          if (!data) return
          const { type, affinity } = data.affinityEvents
          page.apply(type, affinity, Date.now(), latest.current.exact)
          if (page.row(affinity.id)?.switched) wantNames()
        },
        error: () => setFollowed(false),
      })
    return () => {
      abort.abort()
      subscription.unsubscribe()
    }
  }, [page, key, attended])
  return followed
}

export const useRowIds = (page: AffinityPage): readonly string[] =>
  useSyncExternalStore(page.subscribe, page.ids)

export const useSummary = (page: AffinityPage): LiveSummary =>
  useSyncExternalStore(page.subscribe, page.summary)

/** The hook follows one row, so that only changed rows are drawn again. */
export function useRow(page: AffinityPage, id: string): LiveRow<AffinityRowFragment> | undefined {
  const subscribe = useCallback((listener: () => void) => page.subscribeRow(id, listener), [page, id])
  return useSyncExternalStore(subscribe, () => page.row(id))
}
