import type { TypedDocumentNode } from '@apollo/client'
import { useCallback, useEffect, useState } from 'react'
import { client } from '../api/client.js'
import { useClearedNotice } from '../clears/clear-store.js'
import { useRecovery } from './use-recovery.js'

export interface Answer<Data> {
  /** Of the question as it is; while that is awaited, of the one before. */
  readonly data: Data | undefined
  readonly loading: boolean
  /** With data that is incomplete, or was read before. */
  readonly error: unknown
  /** When the data was read, Unix milliseconds; 0 without any. */
  readonly readAt: number
  /** Asks again. */
  readonly ask: () => void
}

interface State<Data> extends Omit<Answer<Data>, 'ask'> {
  readonly question: string | null
}

const NOTHING = { question: null, data: undefined, loading: true, error: undefined, readAt: 0 } as const

/**
 * The server's answer to a query, asked again when the server is back, after a clear, and every `everyMs` if given. An
 * answer outlives a failure to get it anew, but never stands under another question that has failed.
 */
export function useAnswer<Data, Variables extends Record<string, unknown>>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  everyMs?: number,
): Answer<Data> {
  const question = JSON.stringify(variables)
  const [state, setState] = useState<State<Data>>(NOTHING)
  const [round, setRound] = useState(0)
  const ask = useCallback(() => setRound((before) => before + 1), [])

  // biome-ignore lint/correctness/useExhaustiveDependencies: another round asks again
  useEffect(() => {
    const abort = new AbortController()
    setState((before) => ({ ...before, loading: true }))
    const fail = (error: unknown) => {
      if (abort.signal.aborted) return
      setState((before) => ({ ...(before.question === question ? before : NOTHING), loading: false, error }))
    }
    const values: Record<string, unknown> = JSON.parse(question)
    client
      .query({
        query: document as TypedDocumentNode<Data, Record<string, unknown>>,
        variables: values,
        fetchPolicy: 'no-cache',
        context: { fetchOptions: { signal: abort.signal }, queryDeduplication: false },
      })
      .then(({ data, error }) => {
        if (abort.signal.aborted) return
        if (!data) return fail(error)
        setState({ question, data: data as Data, loading: false, error, readAt: Date.now() })
      }, fail)
    return () => abort.abort()
  }, [document, question, round])

  useEffect(() => {
    if (everyMs === undefined) return
    const timer = setInterval(() => globalThis.document.hidden || ask(), everyMs)
    return () => clearInterval(timer)
  }, [everyMs, ask])
  useRecovery(ask)
  useClearedNotice(ask)
  const { data, loading, error, readAt } = state
  return { data, loading, error, readAt, ask }
}
