import { useEffect, useMemo, useState } from 'react'
import { HistoryDocument } from '../../generated/graphql.js'
import { useAnswer } from '../../hooks/use-answer.js'
import { BUCKETS, type Past, sinceOf } from './history.js'

const EVERY_MS = 30_000

/** The hook reads what the server remembers of the period, again and again. */
export function useHistory(period: Past) {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => document.hidden || setNow(Date.now()), EVERY_MS)
    return () => clearInterval(timer)
  }, [])
  const since = sinceOf(period, now)
  const variables = useMemo(() => ({ since, bucketSeconds: BUCKETS[period].seconds }), [since, period])
  return useAnswer(HistoryDocument, variables, { fetchPolicy: 'no-cache', everyMs: EVERY_MS })
}
