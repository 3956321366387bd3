import { untilAnswered } from '../../../api/ask-again.js'
import { client } from '../../../api/client.js'
import { csvFile, csvWriter } from '../../../components/csv.js'
import {
  AffinitiesPageDocument,
  type AffinitiesPageQuery,
  type AffinityFilter,
  type AffinityRowFragment,
} from '../../../generated/graphql.js'
import type { Sort, SortField, ViewState } from '../address.js'

/** The API returns at most this many records per page. */
const PAGE = 1_000

export interface ExportProgress {
  readonly done: number
  readonly total: number
  /** What the export waits out; absent while it goes on. */
  readonly waitsFor?: unknown
}

type Page = AffinitiesPageQuery['affinities']

/** A use changes a record's expiry and count, but not this: no record is passed by, or met twice, as it is used. */
const WALK: Sort = { field: 'CREATED_AT', direction: 'ASC' }

/** What a record is sorted by; null sorts last, as what has no name and what never expires. */
type SortValue = string | number | null
const nameValue = (name: string | null | undefined): SortValue => (name ? name.toLowerCase() : null)

const SORTED_BY: Readonly<Record<SortField, (record: AffinityRowFragment) => SortValue>> = {
  EXPIRES_AT: ({ expiresAt }) => expiresAt,
  CREATED_AT: ({ createdAt }) => createdAt,
  REQUEST_COUNT: ({ requestCount }) => requestCount,
  USER: ({ user }) => nameValue(user?.username),
  API_KEY: ({ apiKey }) => nameValue(apiKey?.name),
  API_FORMAT: ({ apiFormat }) => nameValue(apiFormat),
  MODEL: ({ modelName }) => nameValue(modelName),
  PROVIDER: ({ provider }) => nameValue(provider?.displayName),
  PROVIDER_KEY: ({ providerKey }) => nameValue(providerKey?.name),
}

function compareValues(a: SortValue, b: SortValue): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null)
  return a < b ? -1 : a > b ? 1 : 0
}

/**
 * Exports all records of the selection as CSV, in the order of the table. It reads them in an order that does not move
 * and sorts them afterwards: each record that exists throughout comes exactly once. What fails after the first page is
 * waited out if it passes, since much may have been read already.
 * @throws if a page cannot be read, or the signal aborts
 */
export async function exportCsv(
  view: ViewState,
  filter: AffinityFilter | null,
  signal: AbortSignal,
  onProgress: (progress: ExportProgress) => void,
): Promise<Blob> {
  const lineOf = await csvWriter()
  const sortValueOf = SORTED_BY[view.sort.field]
  const met = new Map<string, { readonly value: SortValue; readonly line: string }>()
  let header: string[] = []
  let after: string | null = null
  let progress: ExportProgress = { done: 0, total: 0 }
  const onWait = (error: unknown) =>
    onProgress(error === undefined ? progress : { ...progress, waitsFor: error })
  do {
    const page = (): Promise<Page> => readPage(view, filter, after, signal)
    const { nodes, pageInfo, totalCount }: Page = await (after === null
      ? page()
      : untilAnswered(page, { signal, onWait }))
    // A record that is pinned anew meanwhile is met again, and is told as it is then.
    for (const node of nodes) {
      const cells = toLine(node)
      header = Object.keys(cells)
      met.set(node.id, {
        value: sortValueOf(node),
        line: lineOf(cells),
      })
    }
    progress = { done: met.size, total: Math.max(totalCount, met.size) }
    onProgress(progress)
    after = pageInfo.hasNextPage ? pageInfo.endCursor : null
  } while (after !== null)
  const sorted = [...met.values()].sort((a, b) => compareValues(a.value, b.value))
  if (view.sort.direction === 'DESC') sorted.reverse()
  const lines = [header.join(','), ...sorted.map(({ line }) => line)]
  return csvFile(lines)
}

async function readPage(
  { search }: ViewState,
  filter: AffinityFilter | null,
  after: string | null,
  signal: AbortSignal,
): Promise<Page> {
  const { data, error } = await client.query({
    query: AffinitiesPageDocument,
    fetchPolicy: 'no-cache',
    variables: {
      first: PAGE,
      after,
      search: search === '' ? null : search,
      filter,
      orderBy: WALK,
    },
    context: { fetchOptions: { signal } },
  })
  // An incomplete file that looks complete would be worse than no file.
  if (!data || error) throw error ?? new Error('no data')
  return data.affinities
}

/** The columns have the API's names in every language, because scripts read them. */
const toLine = (record: AffinityRowFragment) => ({
  username: record.user?.username ?? '',
  email: record.user?.email ?? '',
  userId: record.user?.id ?? '',
  apiKeyName: record.apiKey?.name ?? '',
  affinityKey: record.affinityKey,
  maskedKey: record.apiKey?.maskedKey ?? '',
  apiFormat: record.apiFormat,
  modelName: record.modelName ?? '',
  modelId: record.modelId,
  family: record.family,
  clientFamily: record.clientFamily ?? '',
  sessionHash: record.sessionHash ?? '',
  provider: record.provider?.displayName ?? '',
  providerId: record.providerId,
  endpoint: record.endpoint?.baseUrl ?? '',
  endpointId: record.endpointId,
  providerKey: record.providerKey?.name ?? '',
  providerKeyId: record.providerKeyId,
  rateMultiplier: record.rateMultiplier ?? '',
  isStandalone: record.isStandalone ?? '',
  requestCount: record.requestCount,
  createdAt: record.createdAt,
  expiresAt: record.expiresAt ?? '',
  ttlSeconds: record.ttlSeconds ?? '',
  usability: record.usability ?? '',
  staleReasons: record.staleReasons?.join(' ') ?? '',
  conditions: record.conditions?.join(' ') ?? '',
})
