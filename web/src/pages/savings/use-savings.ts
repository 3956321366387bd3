import type { TypedDocumentNode } from '@apollo/client'
import { useCallback, useMemo, useState } from 'react'
import { useSearchParams } from 'react-router'
import { type Answer, useAnswer } from '../../hooks/use-answer.js'
import type { Unreadable } from '../affinities/address.js'
import { readSavingsAddress, type SavingsView, type Times, timesOf } from './address.js'

export interface SavingsControl {
  readonly view: SavingsView
  /** Nothing is shown while the address has such parts. */
  readonly unreadable: readonly Unreadable[]
  /** The period that is shown, and the one before it. */
  readonly these: Times
  readonly before: Times
  change(next: Partial<SavingsView>): void
  /** Takes the parts that cannot be read out of the address. */
  dropUnreadable(): void
  /** Moves the period to now. */
  refresh(): void
}

/** The address holds the state of the page. Its periods end when the page was opened, or last refreshed. */
export function useSavingsControl(): SavingsControl {
  const [params, setParams] = useSearchParams()
  const [now, setNow] = useState(() => Date.now())
  const { view, unreadable } = useMemo(() => readSavingsAddress(params), [params])
  const times = useMemo(() => timesOf(view.period, now), [view.period, now])
  const set = useCallback(
    (values: Readonly<Record<string, string | null>>) =>
      setParams(
        (before) => {
          const next = new URLSearchParams(before)
          for (const [name, value] of Object.entries(values)) {
            if (value === null) next.delete(name)
            else next.set(name, value)
          }
          return next
        },
        { preventScrollReset: true },
      ),
    [setParams],
  )
  return useMemo(
    () => ({
      view,
      unreadable,
      ...times,
      change: (next) => set({ ...next }),
      dropUnreadable: () => set(Object.fromEntries(unreadable.map(({ name }) => [name, null]))),
      refresh: () => setNow(Date.now()),
    }),
    [view, unreadable, times, set],
  )
}

/** Asks for usage: the answer is read from very many rows, and is as old as its period. */
export const useUsage = <Data, Variables extends Record<string, unknown>>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  skip = false,
): Answer<Data> => useAnswer(document, variables, { fetchPolicy: 'no-cache', isLargeRead: true, skip })
