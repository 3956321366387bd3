import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { client } from '../../api/client.js'
import { useAttention } from '../../api/visibility.js'
import {
  AffinitiesPageDocument,
  type AffinitiesPageQuery,
  AffinityEventsDocument,
  type AffinityFilter,
  type AffinityRowFragment,
} from '../../generated/graphql.js'
import { frameThrottle } from '../../hooks/frame-throttle.js'
import { useRecovery } from '../../hooks/use-recovery.js'
import { LivePage } from './live/live-page.js'
import { rememberNames } from './names.js'
import type { ViewState } from './view-state.js'

export type AffinityPage = LivePage<AffinityRowFragment>

/** Redrawn five times a second at most. */
const REDRAW_MS = 200
/** Switched rows are asked for together, this long after the first. */
const NAMES_AFTER_MS = 400

export interface PageLoad {
  readonly page: AffinityPage
  readonly loading: boolean
  /** With data it is incomplete, without there is none. */
  readonly error: unknown
  readonly loaded: boolean
  readonly matched: Pick<AffinitiesPageQuery['affinities'], 'matchedUser' | 'matchedApiKey'> | null
  reload(): void
}

/** The page that the address asks for, kept up to date by the subscription. */
export function usePage(view: ViewState, filter: AffinityFilter | null): PageLoad {
  const [page] = useState(() => new LivePage<AffinityRowFragment>(frameThrottle(REDRAW_MS)))
  const [state, setState] = useState<Omit<PageLoad, 'page' | 'reload'>>(NOTHING_YET)
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

  const ask = useCallback(
    (signal: AbortSignal) =>
      client.query({
        query: AffinitiesPageDocument,
        variables,
        fetchPolicy: 'no-cache',
        context: { fetchOptions: { signal }, queryDeduplication: false },
      }),
    [variables],
  )

  // biome-ignore lint/correctness/useExhaustiveDependencies: another round asks again
  useEffect(() => {
    // What was asked for before is cancelled: the answer to the last letters typed is the one shown.
    const abort = new AbortController()
    setState((before) => ({ ...before, loading: true }))
    ask(abort.signal).then(
      ({ data, error }) => {
        if (abort.signal.aborted) return
        if (data) {
          const { nodes, totalCount, matchedUser, matchedApiKey } = data.affinities
          rememberNames(nodes)
          page.show(nodes, totalCount, Date.now())
          setState({ loading: false, loaded: true, error, matched: { matchedUser, matchedApiKey } })
        } else setState((before) => ({ ...before, loading: false, error }))
      },
      (error: unknown) => {
        if (!abort.signal.aborted) setState((before) => ({ ...before, loading: false, error }))
      },
    )
    return () => abort.abort()
  }, [ask, page, round])

  useLiveEvents(page, liveFilter(search, filter, state.matched), ask, reload)
  useRecovery(reload)
  return { page, reload, ...state }
}

const NOTHING_YET = { loading: true, loaded: false, error: undefined, matched: null } as const

interface LiveFilter {
  readonly filter: AffinityFilter | null
  /** Whether events through this filter are exactly those of the selection. */
  readonly exact: boolean
}

/** The subscription knows no search; one that was recognised as somebody is a filter, though. */
function liveFilter(search: string, filter: AffinityFilter | null, matched: PageLoad['matched']): LiveFilter {
  if (search === '') return { filter, exact: true }
  if (matched?.matchedApiKey)
    return { filter: { ...filter, affinityKey: matched.matchedApiKey.id }, exact: true }
  if (matched?.matchedUser) return { filter: { ...filter, userId: matched.matchedUser.id }, exact: true }
  return { filter, exact: false }
}

function useLiveEvents(
  page: AffinityPage,
  { filter, exact }: LiveFilter,
  ask: (signal: AbortSignal) => Promise<{ data?: AffinitiesPageQuery | undefined }>,
  reload: () => void,
): void {
  const attended = useAttention()
  const wasHidden = useRef(false)
  const key = JSON.stringify(filter)
  const latest = useRef({ exact, ask, reload })
  latest.current = { exact, ask, reload }

  useEffect(() => {
    if (!attended) {
      wasHidden.current = true
      return
    }
    if (wasHidden.current) latest.current.reload()
    wasHidden.current = false

    const abort = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    const askForNames = () => {
      timer = undefined
      void latest.current.ask(abort.signal).then(
        ({ data }) => data && page.merge(data.affinities.nodes, Date.now()),
        () => {},
      )
    }
    const variables: { filter: AffinityFilter | null } = { filter: JSON.parse(key) }
    const subscription = client
      .subscribe({
        query: AffinityEventsDocument,
        variables,
        // Not through the normalised cache: thousands of records a second would be written there for nobody.
        fetchPolicy: 'no-cache',
        context: { onReconnected: () => latest.current.reload() },
      })
      .subscribe({
        next({ data }) {
          if (!data) return
          const { type, affinity } = data.affinityEvents
          page.apply(type, affinity, Date.now(), latest.current.exact)
          if (page.row(affinity.id)?.switched) timer ??= setTimeout(askForNames, NAMES_AFTER_MS)
        },
        error: () => {},
      })
    return () => {
      abort.abort()
      clearTimeout(timer)
      subscription.unsubscribe()
    }
  }, [page, key, attended])
}
