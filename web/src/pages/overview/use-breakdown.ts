import { BreakdownDocument, StaleCountsDocument } from '../../generated/graphql.js'
import { useAnswer } from '../../hooks/use-answer.js'

const EVERY_MS = 30_000
const STALE_EVERY_MS = 15_000
const LARGEST = { first: 6 } as const
const NOTHING = {} as const

/** The hook reads how the server counts all affinities by provider, model, API format and client. */
export const useBreakdown = () =>
  useAnswer(BreakdownDocument, LARGEST, { fetchPolicy: 'no-cache', everyMs: EVERY_MS })

/** The hook reads how many pins are stale, and for which reasons. */
export const useStaleCounts = () =>
  useAnswer(StaleCountsDocument, NOTHING, { fetchPolicy: 'no-cache', everyMs: STALE_EVERY_MS })
export type StaleCounts = ReturnType<typeof useStaleCounts>
