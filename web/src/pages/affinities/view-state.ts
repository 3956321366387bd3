import { useMemo } from 'react'
import type { AffinityFilter, StaleReason } from '../../generated/graphql.js'
import { useAddress } from '../../hooks/use-address.js'
import {
  CREATED_AFTER,
  DEFAULT_SIZE,
  FILTER_PARAMS,
  type FilterField,
  filterOf,
  firstDirection,
  readAddress,
  type Sort,
  type SortField,
  sortParam,
  TURNED,
  type Unreadable,
  VERDICT_PARAMS,
  type ViewState,
  verdictParams,
} from './address.js'
import type { Use } from './verdict.js'

export interface ViewControl {
  readonly view: ViewState
  /** Nothing is listed, nor cleared, while the address has such parts. */
  readonly unreadable: readonly Unreadable[]
  readonly filter: AffinityFilter | null
  search(text: string): void
  setFilter(field: FilterField, value: string | null): void
  setUse(use: Use | null): void
  setReasons(reasons: readonly StaleReason[]): void
  anyCreation(): void
  clearFilters(): void
  /** Takes the parts that cannot be read out of the address. */
  dropUnreadable(): void
  /** Sorts by the column, or reverses the order if it is already sorted by it. */
  sortBy(field: SortField): void
  setSort(sort: Sort): void
  goTo(page: number): void
  setSize(size: number): void
  openRecord(id: string | null): void
}

/** The address holds the whole state of the table, so that it can be linked to and the back button undoes a step. */
export function useViewState(): ViewControl {
  const [params, change] = useAddress()
  const { view, unreadable } = useMemo(() => readAddress(params), [params])
  const filter = useMemo(() => filterOf(view), [view])

  return useMemo(() => {
    const first = { page: null, open: null }
    const without = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, null]))
    return {
      view,
      unreadable,
      filter,
      // The back button does not step through typed letters.
      search: (text) => change({ q: text, ...first }, true),
      setFilter: (field, value) => change({ [FILTER_PARAMS[field]]: value, ...first }),
      setUse: (use) => change({ ...verdictParams(use), ...first }),
      setReasons: (reasons) => change({ [VERDICT_PARAMS.reasons]: reasons.join(','), ...first }),
      anyCreation: () => change({ [CREATED_AFTER]: null, ...first }),
      clearFilters: () =>
        change({
          ...without([...Object.values(FILTER_PARAMS), ...Object.values(VERDICT_PARAMS), CREATED_AFTER]),
          ...first,
        }),
      dropUnreadable: () => change(without(unreadable.map(({ name }) => name))),
      sortBy(field) {
        const { sort } = view
        const direction = sort.field === field ? TURNED[sort.direction] : firstDirection(field)
        change({ sort: sortParam({ field, direction }), ...first })
      },
      setSort: (sort) => change({ sort: sortParam(sort), ...first }),
      goTo: (page) => change({ page: page <= 1 ? null : String(page), open: null }),
      setSize: (size) => change({ size: size === DEFAULT_SIZE ? null : String(size), ...first }),
      openRecord: (id) => change({ open: id }, view.open !== null && id !== null),
    }
  }, [view, unreadable, filter, change])
}
