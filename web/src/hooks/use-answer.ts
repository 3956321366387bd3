import type { TypedDocumentNode, WatchQueryFetchPolicy } from '@apollo/client'
import { useQuery } from '@apollo/client/react'
import { useCallback, useRef } from 'react'
import { readAt } from '../api/client.js'
import { useRecovery } from './use-recovery.js'
import { useRepeat } from './use-repeat.js'
import { useReturn } from './use-return.js'

export interface Answer<Data> {
  /** The answer to these variables; while that is loading, the answer before. */
  readonly data: Data | undefined
  readonly loading: boolean
  /** If there is data as well, it is incomplete or old. */
  readonly error: unknown
  /** The time at which the data was read, Unix milliseconds; 0 without data. */
  readonly readAt: number
  /** Sends the query again. */
  readonly ask: () => void
}

interface AnswerOptions {
  readonly fetchPolicy?: WatchQueryFetchPolicy
  /** The query is sent again after this many milliseconds, except while the tab is hidden, and when it is shown again. */
  readonly everyMs?: number
  /** Nothing is sent while this is true. */
  readonly skip?: boolean
  /** The server reads very many rows for it: few such queries are sent at once. */
  readonly isLargeRead?: boolean
}

interface Kept<Data> {
  readonly question: string
  readonly data: Data
  readonly readAt: number
}

/**
 * The hook answers a query: at once from the cache, then from the server. It sends the query again when the server is
 * back, when a failure may have passed, and when a clear has evicted the answer. If that fails, the old answer stays. An
 * answer to other variables never stays after a failure.
 */
export function useAnswer<Data, Variables extends Record<string, unknown>>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  { fetchPolicy = 'cache-and-network', everyMs = 0, skip = false, isLargeRead = false }: AnswerOptions = {},
): Answer<Data> {
  const values: Record<string, unknown> = variables
  const { data, loading, error, refetch } = useQuery(document as TypedDocumentNode<Data>, {
    variables: values,
    fetchPolicy,
    skip,
    pollInterval: everyMs,
    skipPollAttempt: () => globalThis.document.hidden,
    // A query that is sent after a clear must not share the answer of one that was sent before it.
    context: { queryDeduplication: false, isLargeRead },
  })
  const question = JSON.stringify(variables)
  const kept = useRef<Kept<Data>>(undefined)
  if (data) {
    kept.current = { question, data, readAt: readAt(document, variables) }
  }
  // A failure stays until there is another answer: a message that comes and goes cannot be read.
  const failed = useRef<{ readonly question: string; readonly error: unknown }>(undefined)
  if (!loading) failed.current = { question, error }
  const failure = loading && failed.current?.question === question ? failed.current.error : error
  const ask = useCallback(() => void (skip || refetch()), [refetch, skip])
  useRecovery(ask)
  useRepeat({ error, loading }, ask)
  useReturn(ask, everyMs)
  const shown = loading || kept.current?.question === question ? kept.current : undefined
  return { data: shown?.data, loading, error: failure, readAt: shown?.readAt ?? 0, ask }
}
