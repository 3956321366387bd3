import type { Context, Readers } from '../context.js'
import { InvalidInputError, NotAvailableError } from '../errors.js'
import { readPeriod } from '../usage/period.js'
import type { Period, UsageFilter } from '../usage/usage-rows.js'

/** The most seconds that a query of usage may take: the database may read millions of rows for it. */
const USAGE_SECONDS = 30
/** So many rows that the database sums cost as much as one record that is read: none of them comes here. */
const ROWS_FOR_ONE = 100
/** The most groups or points that one answer lists. */
const MAX_LISTED = 10_000

export interface PeriodArguments {
  readonly since: Date
  readonly until?: Date | null | undefined
}

export interface UsageArguments extends PeriodArguments {
  readonly filter?: UsageFilter | null | undefined
  readonly first?: number | null | undefined
}

/** A period, and when it is asked for. */
export interface AskedPeriod extends Period {
  readonly now: Date
}

/** @throws InvalidInputError beyond 1..10,000 */
export function readFirst(given: number | null | undefined, otherwise: number): number {
  const first = given ?? otherwise
  if (first < 1 || first > MAX_LISTED)
    throw new InvalidInputError(`first must be between 1 and ${MAX_LISTED}.`, 'first')
  return first
}

/**
 * Asks the usage rows of a period. Equal questions of one moment share one statement, and two run at a time.
 * @param question whatever of the arguments decides the answer, with the query's name
 * @param rowsOf about the number of rows that are read for it. Default: those of the period
 * @throws InvalidInputError if the period is empty or too long; NotAvailableError where the tables lack what it needs
 */
export async function askRows<Answer>(
  question: readonly unknown[],
  { since, until }: PeriodArguments,
  context: Context,
  run: (asked: AskedPeriod, readers: Readers, signal: AbortSignal) => Promise<Answer | null>,
  rowsOf: (asked: AskedPeriod) => Promise<number> = (period) => context.usage.rowsIn(period),
): Promise<{ readonly period: Period; readonly answer: Answer }> {
  const now = () => new Date(context.now() * 1_000)
  const asked = readPeriod(since, until, now())
  const isOpen = !until || asked.until < until
  context.mayTake(USAGE_SECONDS)
  const { period, answer } = await context.shared({
    of: 'usage',
    // Those who ask for everything until now have the same question, though not at the same time.
    question: JSON.stringify([...question, asked.since, isOpen ? 'now' : asked.until]),
    size: async () => (await rowsOf({ ...asked, now: now() })) / ROWS_FOR_ONE,
    async run(readers, signal) {
      const period = isOpen ? { ...asked, until: now() } : asked
      return { period, answer: await run({ ...period, now: now() }, readers, signal) }
    },
  })
  if (answer === null)
    throw new NotAvailableError(
      'This gateway’s tables have no such usage rows: gateway.missing names what is missing.',
    )
  return { period, answer }
}
