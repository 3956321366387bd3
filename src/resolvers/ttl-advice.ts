import type { Context } from '../context.js'
import { mostIntervalsFirst, type TtlAdvice, ttlAdviceOf } from '../usage/ttl-advice.js'
import type { TtlGrouping, TtlSums } from '../usage/usage-chains.js'
import { filterText, type Period } from '../usage/usage-rows.js'
import { askRows, readFirst, type UsageArguments } from './usage-questions.js'

export const DEFAULT_ADVICE = 20

export interface TtlAdviceArguments extends UsageArguments {
  readonly by: TtlGrouping
}

export interface TtlAdviceOfGroup extends TtlAdvice {
  readonly by: TtlGrouping
  readonly sums: TtlSums
}

export interface TtlAdviceAnswer extends Period {
  readonly by: TtlGrouping
  readonly ttlIsFixed: boolean
  readonly groupCount: number
  readonly groups: readonly TtlAdviceOfGroup[]
}

/**
 * Says how long users pause, and which TTL follows from that.
 * @throws NotAvailableError where the tables lack what the question needs
 */
export async function ttlAdvice(
  { by, first: givenFirst, filter: givenFilter, ...times }: TtlAdviceArguments,
  context: Context,
): Promise<TtlAdviceAnswer> {
  const first = readFirst(givenFirst, DEFAULT_ADVICE)
  const filter = givenFilter ?? {}
  const { period, answer } = await askRows(
    ['ttlAdvice', by, filterText(filter)],
    times,
    context,
    (asked, _readers, signal) => context.chains.ttlSums({ ...asked, by, filter }, signal),
  )
  const { ttlIsFixed, groups } = answer
  return {
    ...period,
    by,
    ttlIsFixed,
    groupCount: groups.length,
    groups: [...groups]
      .sort(mostIntervalsFirst)
      .slice(0, first)
      .map((sums) => ({ by, sums, ...ttlAdviceOf(sums, ttlIsFixed) })),
  }
}
