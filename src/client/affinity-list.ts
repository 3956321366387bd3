import {
  eachPage,
  type FetchPage,
  LARGEST_PAGE,
  type List,
  listOf,
  type Page,
  type WholeList,
} from './pages.js'
import type { CallOptions } from './transport.js'
import type { AffinitiesArguments, AffinityOrder, AffinityRecord } from './types.js'

/** The walk is ordered by the time of the pin, which a use does not change. A new pin comes later in the walk. */
const WALK: AffinityOrder = { field: 'CREATED_AT', direction: 'ASC' }

const SORTED_BY = { EXPIRES_AT: 'expiresAt', CREATED_AT: 'createdAt', REQUEST_COUNT: 'requestCount' } as const

type Figure = keyof typeof SORTED_BY
const isFigure = (field: string): field is Figure => field in SORTED_BY

/** It sorts after every RFC 3339 time, as a record that never expires does. */
const LATEST = '~'

/**
 * Makes a list of affinities. One page has the order that the caller asks for. A walk over all pages follows the order
 * of creation, so that it meets each lasting record exactly once while gateways use it. The order of another figure is
 * sorted after the walk. An order by name is walked as the server has it, since records do not hold names; a use does not
 * move a record there.
 */
export function createAffinityList<Result extends Page<AffinityRecord>>(
  fetchPage: FetchPage<Result>,
): List<AffinitiesArguments, Result> {
  async function* pages(
    args: WholeList<AffinitiesArguments> = {},
    options: CallOptions = {},
  ): AsyncGenerator<Result, void, undefined> {
    const { orderBy, ...rest } = args
    const asWalked = { ...rest, orderBy: WALK }
    const walk = eachPage(fetchPage, asWalked, options)
    if (orderBy == null) return yield* withoutRepeats(walk)
    const { field = 'EXPIRES_AT', direction = 'DESC' } = orderBy
    if (field === WALK.field && direction === WALK.direction) return yield* withoutRepeats(walk)
    if (!isFigure(field)) return yield* withoutRepeats(eachPage(fetchPage, args, options))
    yield* inOrder(walk, { field, direction }, args.first ?? LARGEST_PAGE)
  }
  return listOf(fetchPage, pages)
}

type Pages<Result> = AsyncGenerator<Result, void, undefined>

/** Drops records that the walk meets again: a record that is pinned anew comes once more at the end. */
async function* withoutRepeats<Result extends Page<AffinityRecord>>(walk: Pages<Result>): Pages<Result> {
  const met = new Set<string>()
  for await (const page of walk) {
    const nodes = page.nodes.filter((node) => {
      const key = keyOf(node)
      return !met.has(key) && met.add(key)
    })
    yield { ...page, nodes }
  }
}

async function* inOrder<Result extends Page<AffinityRecord>>(
  walk: Pages<Result>,
  { field, direction }: { readonly field: Figure; readonly direction: AffinityOrder['direction'] },
  first: number,
): Pages<Result> {
  const met = new Map<string, Result['nodes'][number]>()
  let last: Result | undefined
  for await (const page of walk) {
    for (const node of page.nodes) met.set(keyOf(node), node)
    last = page
  }
  if (!last) return
  const by = SORTED_BY[field]
  const sign = direction === 'ASC' ? 1 : -1
  const nodes = [...met]
    .sort(([keyA, a], [keyB, b]) => sign * (compare(a[by] ?? LATEST, b[by] ?? LATEST) || compare(keyA, keyB)))
    .map(([, node]) => node)
  for (let start = 0; start === 0 || start < nodes.length; start += first) {
    const hasNextPage = start + first < nodes.length
    const pageInfo = { ...last.pageInfo, hasNextPage, endCursor: null }
    yield { ...last, totalCount: nodes.length, pageInfo, nodes: nodes.slice(start, start + first) }
  }
}

/** Returns the key that identifies a record and breaks the ties of every order. */
const keyOf = ({
  family,
  affinityKey,
  apiFormat,
  modelId,
  clientFamily,
  sessionHash,
}: AffinityRecord): string =>
  [family, affinityKey, apiFormat, modelId, clientFamily ?? '', sessionHash ?? ''].join(':')

const compare = <Value extends string | number>(a: Value, b: Value): number => (a < b ? -1 : a > b ? 1 : 0)
