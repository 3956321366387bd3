import { InvalidInputError } from '../errors.js'
import type { Period } from './usage-rows.js'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
/** The longest period in days. Usage tables are the gateway's largest. */
const MAX_DAYS = 31

/**
 * Reads a period. An end that is missing or lies in the future means now.
 * @throws InvalidInputError if it is empty, or longer than 31 days and a minute
 */
export function readPeriod(since: Date, until: Date | null | undefined, now: Date): Period {
  const end = until && until < now ? until : now
  if (since >= end) throw new InvalidInputError('since must be before until, and in the past.', 'since')
  if (end.getTime() - since.getTime() > MAX_DAYS * DAY_MS + MINUTE_MS)
    throw new InvalidInputError(`since and until may be at most ${MAX_DAYS} days apart.`, 'since')
  return { since, until: end }
}

const STEP_MS = { HOUR: 60 * MINUTE_MS, DAY: DAY_MS } as const

/** The starts of all hours or days in UTC that the period touches, oldest first, in RFC 3339. */
export function startsIn({ since, until }: Period, step: keyof typeof STEP_MS): string[] {
  const ms = STEP_MS[step]
  const first = Math.floor(since.getTime() / ms)
  const count = Math.ceil(until.getTime() / ms) - first
  return Array.from({ length: count }, (_, at) => new Date((first + at) * ms).toISOString())
}

/** The start of the hour or day in UTC that a time lies in, in RFC 3339. */
export const startOf = (time: Date, step: keyof typeof STEP_MS): string =>
  new Date(Math.floor(time.getTime() / STEP_MS[step]) * STEP_MS[step]).toISOString()
