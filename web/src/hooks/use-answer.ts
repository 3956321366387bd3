import type { TypedDocumentNode, WatchQueryFetchPolicy } from '@apollo/client'
import { useQuery } from '@apollo/client/react'
import { useCallback, useRef } from 'react'
import { readAt } from '../api/client.js'
import { useRecovery } from './use-recovery.js'

export interface Answer<Data> {
  /** Answers the question as it is; while that is awaited, the question before. */
  readonly data: Data | undefined
  readonly loading: boolean
  /** With data that is incomplete, or was read before. */
  readonly error: unknown
  /** When the data was read, Unix milliseconds; 0 without any. */
  readonly readAt: number
  /** Asks again. */
  readonly ask: () => void
}

interface AnswerOptions {
  readonly fetchPolicy?: WatchQueryFetchPolicy
  /** Asks again each time this many milliseconds have passed; not while the tab is hidden. */
  readonly everyMs?: number
  /** There is no question yet. */
  readonly skip?: boolean
}

interface Kept<Data> {
  readonly question: string
  readonly data: Data
  readonly readAt: number
}

/**
 * The server's answer to a query: at once what the cache holds, then what the server says. It is asked again when the
 * server is back, and when a clear has evicted it. An answer outlives a failure to get it anew, but never stands under
 * another question that has failed.
 */
export function useAnswer<Data, Variables extends Record<string, unknown>>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  { fetchPolicy = 'cache-and-network', everyMs = 0, skip = false }: AnswerOptions = {},
): Answer<Data> {
  const values: Record<string, unknown> = variables
  const { data, loading, error, refetch } = useQuery(document as TypedDocumentNode<Data>, {
    variables: values,
    fetchPolicy,
    skip,
    pollInterval: everyMs,
    skipPollAttempt: () => globalThis.document.hidden,
    // A question that is asked anew after a clear must not get the answer to the one before it.
    context: { queryDeduplication: false },
  })
  const question = JSON.stringify(variables)
  const kept = useRef<Kept<Data>>(undefined)
  if (data) {
    kept.current = { question, data, readAt: readAt(document, variables) }
  }
  const ask = useCallback(() => void refetch(), [refetch])
  useRecovery(ask)
  const shown = loading || kept.current?.question === question ? kept.current : undefined
  return { data: shown?.data, loading, error, readAt: shown?.readAt ?? 0, ask }
}
