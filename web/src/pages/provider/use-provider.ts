import { useMemo } from 'react'
import {
  ProviderChangesDocument,
  ProviderPeopleDocument,
  ProviderPinsDocument,
  ProviderRowDocument,
} from '../../generated/graphql.js'
import { useAnswer } from '../../hooks/use-answer.js'
import { useSince } from '../../hooks/use-since.js'
import { sinceOf } from '../overview/history.js'

const POLLED = { fetchPolicy: 'no-cache', everyMs: 10_000 } as const
/** The largest groups of each kind, and the latest changes. */
const FIRST = { groups: 6, changes: 20 } as const

/** The hook reads what there is to know of one provider, again and again. */
export function useProvider(id: string) {
  const since = useSince((now) => sinceOf('1h', now))
  const selection = useMemo(() => ({ filter: { providerId: id }, first: FIRST.groups }), [id])
  const row = useAnswer(
    ProviderRowDocument,
    useMemo(() => ({ search: id }), [id]),
    POLLED,
  )
  const pins = useAnswer(ProviderPinsDocument, selection, POLLED)
  const people = useAnswer(ProviderPeopleDocument, selection, POLLED)
  const changes = useAnswer(
    ProviderChangesDocument,
    useMemo(() => ({ providerId: id, since, first: FIRST.changes }), [id, since]),
    POLLED,
  )
  const ask = () => {
    for (const answer of [row, pins, people, changes]) answer.ask()
  }
  return { row, pins, people, changes, ask }
}

export type ProviderAnswers = ReturnType<typeof useProvider>

/** What the gateway's database says of a provider; null while it says nothing. */
export function stateOf({ row }: Pick<ProviderAnswers, 'row'>, id: string) {
  if (!row.data) return null
  const provider = row.data.providers.nodes.find((node) => node.id === id)
  return { provider, state: provider === undefined ? 'absent' : provider.isActive ? 'on' : 'off' } as const
}
