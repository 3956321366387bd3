import {
  eachPage,
  type FetchCursor,
  type FetchPage,
  LARGEST_PAGE,
  type List,
  listOf,
  type Page,
  type PagesOptions,
  type WholeList,
} from './pages.js'
import { answerWithBytes, endOf, written } from './record-bytes.js'
import type { CallOptions } from './transport.js'
import type { AffinitiesArguments, AffinityFilter, AffinityOrder, AffinityRecord } from './types.js'

/** The walk is ordered by the time of the pin, which a use does not change. A new pin comes later in the walk. */
const WALK: AffinityOrder = { field: 'CREATED_AT', direction: 'ASC' }

const SORTED_BY = { EXPIRES_AT: 'expiresAt', CREATED_AT: 'createdAt', REQUEST_COUNT: 'requestCount' } as const

type Figure = keyof typeof SORTED_BY
const isFigure = (field: string): field is Figure => field in SORTED_BY

/** It sorts after every RFC 3339 time, as a record that never expires does. */
const LATEST = '~'

/** A list of affinities can also be read as the JSON that it comes in. */
export interface AffinityList<Arguments, Result extends Page<unknown>> extends List<Arguments, Result> {
  /**
   * Iterates over the same pages as `pages`, where each record is its JSON on one line, in UTF-8, for programs that pass it on.
   * This takes a part of the time, unless the order of `orderBy` has to be sorted.
   */
  jsonPages(
    args?: WholeList<Arguments>,
    options?: PagesOptions,
  ): AsyncGenerator<Page<Uint8Array>, void, undefined>
}

/**
 * Makes a list of affinities. One page has the order that the caller asks for. A walk over all pages follows the order
 * of creation, so that it meets each lasting record exactly once while gateways use it. The order of another figure is
 * sorted after the walk; with a limit the walk meets only records that may be among the first. An order by name is walked
 * as the server has it, since records do not hold names; a use does not move a record there.
 * @param cursorOf given if the server takes much longer to make a page than to find its end
 */
export function createAffinityList<Result extends Page<AffinityRecord>>(
  fetchPage: FetchPage<Result>,
  cursorOf?: FetchCursor,
): AffinityList<AffinitiesArguments, Result> {
  async function* pages(
    args: WholeList<AffinitiesArguments> = {},
    options: PagesOptions = {},
  ): Pages<Result> {
    const { orderBy, ...rest } = args
    const walk = (selected = rest) => {
      const asWalked = { ...selected, orderBy: WALK }
      return eachPage({ fetchPage, fetchCursor: cursorIn(asWalked) }, asWalked, options)
    }
    const order = sortedOrder(orderBy)
    if (order === undefined) {
      const asWalked = { ...args, orderBy: orderBy ?? WALK }
      const walking = { fetchPage, fetchCursor: cursorIn(asWalked) }
      return yield* withoutRepeats(eachPage(walking, asWalked, options), keyOf)
    }
    const { limit } = options
    if (limit !== undefined) {
      const before = await bound(fetchPage, rest, order, limit, options)
      const found = before && (await sorted(walk({ ...rest, filter: before.filter }), order))
      // If very many records have gone meanwhile, those beyond the bound are needed.
      if (found && found.nodes.length >= limit) {
        const nodes = found.nodes.slice(0, limit)
        return yield* cut({ ...found, nodes, totalCount: before.totalCount }, args.first)
      }
    }
    const all = await sorted(walk(), order)
    yield* cut({ ...all, nodes: all.nodes.slice(0, limit), totalCount: all.nodes.length }, args.first)
  }

  async function* jsonPages(
    args: WholeList<AffinitiesArguments> = {},
    options: PagesOptions = {},
  ): Pages<Page<Uint8Array>> {
    if (sortedOrder(args.orderBy) === undefined) {
      const asWalked = { ...args, orderBy: args.orderBy ?? WALK }
      const walking = { fetchPage: fetchBytes, fetchCursor: cursorIn(asWalked) }
      return yield* withoutRepeats(eachPage(walking, asWalked, options), keyOfBytes)
    }
    for await (const page of pages(args, options)) yield { ...page, nodes: page.nodes.map(written) }
  }
  const cursorIn = ({ search, filter }: AffinitiesArguments) =>
    search == null && !isWide(filter ?? {}) ? cursorOf : undefined
  const fetchBytes = ((args, options) =>
    fetchPage(args, { ...options, parse: answerWithBytes })) as FetchPage<Page<unknown>> as FetchPage<
    Page<Uint8Array>
  >

  return Object.assign(listOf(fetchPage, pages), { jsonPages })
}

/** Whether the server reads more than the records of a page to find which they are: it would do so twice, at the viewer's cost. */
const isWide = (filter: AffinityFilter): boolean => {
  const { stale, usability, staleReasons, unusedForSeconds, userId, userIds } = filter
  return [stale, usability, staleReasons, unusedForSeconds, userId, userIds].some((value) => value != null)
}

/** Returns the order in which a walk's records have to be sorted; undefined if the server can be asked for it. */
function sortedOrder(orderBy: AffinityOrder | null | undefined): FigureOrder | undefined {
  if (orderBy == null) return undefined
  const { field = 'EXPIRES_AT', direction = 'DESC' } = orderBy
  if (!isFigure(field) || (field === WALK.field && direction === WALK.direction)) return undefined
  return { field, direction }
}

interface FigureOrder {
  readonly field: Figure
  readonly direction: AffinityOrder['direction']
}

/**
 * Reads the one record of an order that lies a tenth beyond a limit, and returns a filter for those up to it; undefined if
 * there are no more records than that, or no filter selects them.
 */
async function bound<Result extends Page<AffinityRecord>>(
  fetchPage: FetchPage<Result>,
  args: AffinitiesArguments,
  orderBy: FigureOrder,
  limit: number,
  options: CallOptions,
): Promise<{ readonly filter: AffinityFilter; readonly totalCount: number } | undefined> {
  const asked = { ...args, orderBy, first: 1, offset: limit + Math.ceil(limit / 10) }
  const { nodes, totalCount } = await fetchPage(asked, options)
  const [node] = nodes
  const filter = node && filterUpTo(node, orderBy, args.filter ?? {})
  return filter && { filter, totalCount }
}

/** Narrows a filter to the records of an order up to this one, with all that have the same figure; undefined if none can. */
function filterUpTo(
  { requestCount, createdAt, expiresAt }: AffinityRecord,
  { field, direction }: FigureOrder,
  filter: AffinityFilter,
): AffinityFilter | undefined {
  const isDescending = direction === 'DESC'
  const { requestCountMin, requestCountMax, createdAfter, expiresAfter, expiresBefore } = filter
  if (field === 'REQUEST_COUNT') {
    return isDescending
      ? { ...filter, requestCountMin: Math.max(requestCount, requestCountMin ?? requestCount) }
      : { ...filter, requestCountMax: Math.min(requestCount, requestCountMax ?? requestCount) }
  }
  // The other direction of this order is the walk itself.
  if (field === 'CREATED_AT') return { ...filter, createdAfter: latest(shifted(createdAt, -1), createdAfter) }
  // No filter selects only records that never expire.
  if (expiresAt === null) return undefined
  return isDescending
    ? { ...filter, expiresAfter: latest(shifted(expiresAt, -1), expiresAfter) }
    : { ...filter, expiresBefore: earliest(shifted(expiresAt, 1), expiresBefore) }
}

const shifted = (time: string, ms: number): string => new Date(Date.parse(time) + ms).toISOString()

const latest = (a: string, b: string | null | undefined): string =>
  b != null && Date.parse(b) > Date.parse(a) ? b : a

const earliest = (a: string, b: string | null | undefined): string =>
  b != null && Date.parse(b) < Date.parse(a) ? b : a

type Pages<Result> = AsyncGenerator<Result, void, undefined>

/** Drops records that the walk meets again: a record that is pinned anew comes once more at the end. */
async function* withoutRepeats<Result extends Page<unknown>>(
  walk: Pages<Result>,
  keyOfNode: (node: Result['nodes'][number]) => string,
): Pages<Result> {
  const met = new Set<string>()
  for await (const page of walk) {
    const nodes = page.nodes.filter((node) => {
      const key = keyOfNode(node)
      return !met.has(key) && met.add(key)
    })
    yield { ...page, nodes }
  }
}

interface Sorted<Result extends Page<AffinityRecord>> {
  readonly nodes: readonly Result['nodes'][number][]
  /** The page that was read last. */
  readonly last: Result | undefined
}

/** Reads a whole walk, and sorts its records. */
async function sorted<Result extends Page<AffinityRecord>>(
  walk: Pages<Result>,
  { field, direction }: FigureOrder,
): Promise<Sorted<Result>> {
  const met = new Map<string, Result['nodes'][number]>()
  let last: Result | undefined
  for await (const page of walk) {
    for (const node of page.nodes) met.set(keyOf(node), node)
    last = page
  }
  const by = SORTED_BY[field]
  const sign = direction === 'ASC' ? 1 : -1
  const nodes = [...met]
    .sort(([keyA, a], [keyB, b]) => sign * (compare(a[by] ?? LATEST, b[by] ?? LATEST) || compare(keyA, keyB)))
    .map(([, node]) => node)
  return { nodes, last }
}

/** Cuts sorted records into pages. */
async function* cut<Result extends Page<AffinityRecord>>(
  { nodes, last, totalCount }: Sorted<Result> & { readonly totalCount: number },
  size: number | null | undefined,
): Pages<Result> {
  if (!last) return
  const first = size ?? LARGEST_PAGE
  for (let start = 0; start === 0 || start < nodes.length; start += first) {
    const hasNextPage = start + first < nodes.length
    const pageInfo = { ...last.pageInfo, hasNextPage, endCursor: null }
    yield { ...last, totalCount, pageInfo, nodes: nodes.slice(start, start + first) }
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

/** The fields of the identity come first in each selection. Within a text of JSON each quotation mark has a backslash before it. */
const AFTER_IDENTITY = new TextEncoder().encode(',"providerId":')
const decoder = new TextDecoder()

/** Returns the JSON of a record's identity, which is the same whenever the record comes. */
const keyOfBytes = (record: Uint8Array): string =>
  decoder.decode(record.subarray(0, endOf(AFTER_IDENTITY, record, 0)))

const compare = <Value extends string | number>(a: Value, b: Value): number => (a < b ? -1 : a > b ? 1 : 0)
