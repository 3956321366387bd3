import type { Context } from '../context.js'
import { InvalidInputError, NotAvailableError } from '../errors.js'
import { type CacheUsage, cacheUsageOf } from '../usage/cache-usage.js'
import { readPeriod } from '../usage/period.js'
import type { CacheSumsOfGroup, Period, UsageFilter, UsageGrouping } from '../usage/usage-rows.js'

/** The most groups that one answer lists. */
const MAX_GROUPS = 10_000
export const DEFAULT_GROUPS = 20
/** The most seconds that a query of usage may take: the database may read millions of rows for it. */
export const USAGE_SECONDS = 30
/** So many rows that the database sums cost as much as one record that is read: none of them comes here. */
export const ROWS_FOR_ONE = 100

export interface CacheUsageArguments {
  readonly since: Date
  readonly until?: Date | null | undefined
  readonly by: UsageGrouping
  readonly filter?: UsageFilter | null | undefined
  readonly first?: number | null | undefined
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
  { by, first: given, filter, ...times }: CacheUsageArguments,
  context: Context,
): Promise<CacheUsageAnswer> {
  const first = given ?? DEFAULT_GROUPS
  if (first < 1 || first > MAX_GROUPS)
    throw new InvalidInputError(`first must be between 1 and ${MAX_GROUPS}.`, 'first')
  const now = () => new Date(context.now() * 1_000)
  const asked = readPeriod(times.since, times.until, now())
  const isOpen = !times.until || asked.until < times.until
  context.mayTake(USAGE_SECONDS)
  const answer = await context.shared({
    of: 'usage',
    // Those who ask for everything until now have the same question, though not at the same time.
    question: `cacheUsage ${JSON.stringify([asked.since, isOpen ? 'now' : asked.until, by, Object.entries(filter ?? {}).sort()])}`,
    size: async () =>
      (await context.usage.rowsToSum({ ...asked, by, filter: filter ?? {}, now: now() })) / ROWS_FOR_ONE,
    async run(_readers, signal) {
      const period = isOpen ? { ...asked, until: now() } : asked
      return {
        period,
        found: await context.usage.cacheSums({ ...period, by, filter: filter ?? {}, now: now() }, signal),
      }
    },
  })
  const { period, found } = answer
  if (found === null)
    throw new NotAvailableError(
      'This gateway’s tables have no such usage rows: gateway.missing names what is missing.',
    )
  const { groups, ...figures } = cacheUsageOf(found, { ...period, by }, first)
  return { ...period, by, ...figures, groups: groups.map((sums) => ({ by, sums })) }
}
