import type { Context } from '../context.js'
import { type CacheUsage, cacheUsageOf } from '../usage/cache-usage.js'
import { type CacheSumsOfGroup, filterText, type Period, type UsageGrouping } from '../usage/usage-rows.js'
import { askRows, readFirst, type UsageArguments } from './usage-questions.js'

export const DEFAULT_GROUPS = 20

export interface CacheUsageArguments extends UsageArguments {
  readonly by: UsageGrouping
}

export interface UsageGroup {
  readonly by: UsageGrouping
  readonly sums: CacheSumsOfGroup
}

export interface CacheUsageAnswer extends Period, Omit<CacheUsage, 'groups'> {
  readonly by: UsageGrouping
  readonly groups: readonly UsageGroup[]
}

/**
 * Sums what the cache earned. Equal questions of one moment share one statement, and two run at a time.
 * @throws NotAvailableError where the tables lack what the question needs
 */
export async function cacheUsage(
  { by, first: given, filter: givenFilter, ...times }: CacheUsageArguments,
  context: Context,
): Promise<CacheUsageAnswer> {
  const first = readFirst(given, DEFAULT_GROUPS)
  const filter = givenFilter ?? {}
  const { period, answer: found } = await askRows(
    ['cacheUsage', by, filterText(filter)],
    times,
    context,
    (asked, _readers, signal) => context.usage.cacheSums({ ...asked, by, filter }, signal),
    (asked) => context.usage.rowsToSum({ ...asked, by, filter }),
  )
  const { groups, ...figures } = cacheUsageOf(found, { ...period, by }, first)
  return { ...period, by, ...figures, groups: groups.map((sums) => ({ by, sums })) }
}
