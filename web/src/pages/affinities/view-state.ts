import { useCallback, useMemo } from 'react'
import { useSearchParams } from 'react-router'
import type { AffinityFilter, AffinityOrderField, OrderDirection } from '../../generated/graphql.js'

export const PAGE_SIZES = [25, 50, 100, 200, 500, 1_000] as const
const DEFAULT_SIZE = 50

/** The parameter names of the address are short and stable, because runbooks contain links. */
const FILTER_PARAMS = {
  userId: 'user',
  affinityKey: 'key',
  providerId: 'provider',
  providerKeyId: 'provider-key',
  endpointId: 'endpoint',
  modelId: 'model',
  apiFormat: 'format',
  clientFamily: 'client',
  sessionHash: 'session',
  stale: 'stale',
} as const
export type FilterField = keyof typeof FILTER_PARAMS
export const FILTER_FIELDS = Object.keys(FILTER_PARAMS) as FilterField[]

export type Filters = Partial<Record<FilterField, string>>

const SORTS: Readonly<Record<string, AffinityOrderField>> = {
  expires: 'EXPIRES_AT',
  created: 'CREATED_AT',
  requests: 'REQUEST_COUNT',
}

export interface Sort {
  readonly field: AffinityOrderField
  readonly direction: OrderDirection
}

export interface ViewState {
  readonly search: string
  readonly filters: Filters
  readonly sort: Sort
  /** 1 for the first. */
  readonly page: number
  readonly size: number
  /** Id of the record whose details are open. */
  readonly open: string | null
}

export interface ViewControl {
  readonly view: ViewState
  readonly filter: AffinityFilter | null
  search(text: string): void
  setFilter(field: FilterField, value: string | null): void
  clearFilters(): void
  /** Sorts by the column, or reverses the order if it is already sorted by it. */
  sortBy(field: AffinityOrderField): void
  setSort(sort: Sort): void
  goTo(page: number): void
  setSize(size: number): void
  openRecord(id: string | null): void
}

/** The address holds the whole state of the table, so that it can be linked to and the back button undoes a step. */
export function useViewState(): ViewControl {
  const [params, setParams] = useSearchParams()
  const view = useMemo(() => readView(params), [params])
  const filter = useMemo(() => filterOf(view.filters), [view.filters])

  const change = useCallback(
    (values: Readonly<Record<string, string | null>>, replace = false) =>
      setParams(
        (before) => {
          const next = new URLSearchParams(before)
          for (const [name, value] of Object.entries(values)) {
            if (value === null || value === '') next.delete(name)
            else next.set(name, value)
          }
          return next
        },
        { replace, preventScrollReset: true },
      ),
    [setParams],
  )

  return useMemo(() => {
    const first = { page: null, open: null }
    return {
      view,
      filter,
      // The back button does not step through typed letters.
      search: (text) => change({ q: text, ...first }, true),
      setFilter: (field, value) => change({ [FILTER_PARAMS[field]]: value, ...first }),
      clearFilters: () =>
        change({ ...Object.fromEntries(Object.values(FILTER_PARAMS).map((name) => [name, null])), ...first }),
      sortBy(field) {
        const turn = view.sort.field === field && view.sort.direction === 'DESC'
        change({ sort: sortParam({ field, direction: turn ? 'ASC' : 'DESC' }), ...first })
      },
      setSort: (sort) => change({ sort: sortParam(sort), ...first }),
      goTo: (page) => change({ page: page <= 1 ? null : String(page), open: null }),
      setSize: (size) => change({ size: size === DEFAULT_SIZE ? null : String(size), ...first }),
      openRecord: (id) => change({ open: id }, view.open !== null && id !== null),
    }
  }, [view, filter, change])
}

function sortParam({ field, direction }: Sort): string {
  const name = Object.keys(SORTS).find((key) => SORTS[key] === field) ?? 'expires'
  return direction === 'DESC' ? `-${name}` : name
}

function readView(params: URLSearchParams): ViewState {
  const filters: Filters = {}
  for (const field of FILTER_FIELDS) {
    const value = params.get(FILTER_PARAMS[field])
    if (value !== null && value !== '') filters[field] = value
  }
  const sort = params.get('sort') ?? '-expires'
  const size = Number(params.get('size'))
  const page = Number(params.get('page'))
  return {
    search: (params.get('q') ?? '').slice(0, 255),
    filters,
    sort: {
      field: SORTS[sort.replace(/^-/, '')] ?? 'EXPIRES_AT',
      direction: sort.startsWith('-') ? 'DESC' : 'ASC',
    },
    page: Number.isInteger(page) && page > 0 ? page : 1,
    size: PAGE_SIZES.find((known) => known === size) ?? DEFAULT_SIZE,
    open: params.get('open'),
  }
}

function filterOf({ stale, ...ids }: Filters): AffinityFilter | null {
  if (stale === undefined && Object.keys(ids).length === 0) return null
  return { ...ids, ...(stale !== undefined && { stale: stale === 'true' }) }
}
