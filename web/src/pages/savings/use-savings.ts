import type { TypedDocumentNode } from '@apollo/client'
import { useMemo, useState } from 'react'
import { useAddress } from '../../hooks/use-address.js'
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
  const [params, set] = useAddress()
  const [now, setNow] = useState(() => Date.now())
  const { view, unreadable } = useMemo(() => readSavingsAddress(params), [params])
  const times = useMemo(() => timesOf(view.period, now), [view.period, now])
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
