import type { AffinityHistory, HistoryBucket } from '../affinities/affinity-source.js'
import type { Context } from '../context.js'
import { InvalidInputError } from '../errors.js'

export interface HistoryArguments {
  readonly since: Date
  readonly until?: Date | null | undefined
  readonly bucketSeconds?: number | null | undefined
  readonly providerId?: string | null | undefined
}

export type History = ReturnType<AffinityHistory['buckets']>
export type { HistoryBucket }

const MINUTE_SECONDS = 60
const MAX_BUCKETS = 1_440

/** Counts the changes that this instance has seen, by buckets of time. */
export async function affinityHistory(
  { since, until, bucketSeconds, providerId }: HistoryArguments,
  context: Context,
): Promise<History> {
  const seconds = bucketSeconds ?? MINUTE_SECONDS
  if (seconds < MINUTE_SECONDS || seconds % MINUTE_SECONDS !== 0) {
    throw new InvalidInputError(
      `bucketSeconds must be a multiple of ${MINUTE_SECONDS}; it was ${seconds}.`,
      'bucketSeconds',
    )
  }
  const bucketMs = seconds * 1_000
  const from = since.getTime()
  const to = until?.getTime() ?? context.now() * 1_000
  if (from >= to) throw new InvalidInputError('since must be before until.', 'since')
  const buckets = Math.ceil(to / bucketMs) - Math.floor(from / bucketMs)
  if (buckets > MAX_BUCKETS) {
    throw new InvalidInputError(
      `The times have ${buckets} buckets, and at most ${MAX_BUCKETS} are answered: ask for larger ones.`,
      'bucketSeconds',
    )
  }
  return context.history.buckets({
    since: from,
    until: to,
    bucketMs,
    ...(providerId != null && { providerId }),
  })
}
