import { useMemo } from 'react'
import { HistoryDocument } from '../../generated/graphql.js'
import { useAnswer } from '../../hooks/use-answer.js'
import { useSince } from '../../hooks/use-since.js'
import { BUCKETS, type Past, sinceOf } from './history.js'

const EVERY_MS = 30_000

/**
 * The hook reads what the server remembers of the period, again and again.
 * @param providerId null for all providers
 */
export function useHistory(period: Past, providerId: string | null) {
  const since = useSince((now) => sinceOf(period, now))
  const variables = useMemo(
    () => ({ since, bucketSeconds: BUCKETS[period].seconds, providerId }),
    [since, period, providerId],
  )
  return useAnswer(HistoryDocument, variables, { fetchPolicy: 'no-cache', everyMs: EVERY_MS })
}
