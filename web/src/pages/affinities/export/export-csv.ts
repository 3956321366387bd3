import { client } from '../../../api/client.js'
import { fetchPart } from '../../../app/part.js'
import {
  AffinitiesPageDocument,
  type AffinitiesPageQuery,
  type AffinityFilter,
  type AffinityRowFragment,
} from '../../../generated/graphql.js'
import type { ViewState } from '../view-state.js'

/** The API returns at most this many records per page. */
const PAGE = 1_000

export interface ExportProgress {
  readonly done: number
  readonly total: number
}

/**
 * Exports all records of the selection as CSV, in the order of the table. It pages by cursor, so new and removed records
 * neither repeat nor shift the others.
 * @throws if a page cannot be read, or the signal aborts
 */
export async function exportCsv(
  view: ViewState,
  filter: AffinityFilter | null,
  signal: AbortSignal,
  onProgress: (progress: ExportProgress) => void,
): Promise<Blob> {
  const { unparse } = await fetchPart(() => import('papaparse'))
  const parts: string[] = []
  let after: string | null = null
  let done = 0
  do {
    const { nodes, pageInfo, totalCount } = await readPage(view, filter, after, signal)
    parts.push(unparse(nodes.map(toLine), { header: done === 0, escapeFormulae: true, newline: '\r\n' }))
    done += nodes.length
    onProgress({ done, total: Math.max(totalCount, done) })
    after = pageInfo.hasNextPage ? pageInfo.endCursor : null
  } while (after !== null)
  // Excel reads a file without the byte order mark in the local code page.
  return new Blob(['\ufeff', parts.join('\r\n')], { type: 'text/csv;charset=utf-8' })
}

async function readPage(
  view: ViewState,
  filter: AffinityFilter | null,
  after: string | null,
  signal: AbortSignal,
): Promise<AffinitiesPageQuery['affinities']> {
  const { data, error } = await client.query({
    query: AffinitiesPageDocument,
    fetchPolicy: 'no-cache',
    variables: {
      first: PAGE,
      after,
      search: view.search === '' ? null : view.search,
      filter,
      orderBy: view.sort,
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
  expiresAt: record.expiresAt,
  ttlSeconds: record.ttlSeconds,
  staleReasons: record.staleReasons?.join(' ') ?? '',
})

export function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
