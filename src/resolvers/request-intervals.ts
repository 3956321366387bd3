import type { Context } from '../context.js'
import { InvalidInputError } from '../errors.js'
import type { Interval } from '../usage/usage-chains.js'
import { filterText, type UsageFilter } from '../usage/usage-rows.js'
import { askRows, type PeriodArguments, readFirst } from './usage-questions.js'

export const DEFAULT_POINTS = 1_000

export interface RequestIntervalsArguments extends PeriodArguments {
  readonly filter: UsageFilter
  readonly first?: number | null | undefined
}

export interface RequestIntervals {
  readonly total: number
  readonly sampled: boolean
  readonly points: readonly Interval[]
}

/**
 * Lists the times between consecutive requests of a user or an API key.
 * @throws NotAvailableError where the tables lack what the question needs
 */
export async function requestIntervals(
  { filter, first: given, ...times }: RequestIntervalsArguments,
  context: Context,
): Promise<RequestIntervals> {
  const first = readFirst(given, DEFAULT_POINTS)
  if (!filter.userId && !filter.apiKeyId)
    throw new InvalidInputError('The filter must name a user or an API key.', 'filter')
  const { answer } = await askRows(
    ['requestIntervals', first, filterText(filter)],
    times,
    context,
    (asked, _readers, signal) => context.chains.intervals({ ...asked, filter, first }, signal),
  )
  return { ...answer, sampled: answer.total > first }
}
