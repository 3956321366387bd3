import pLimit from 'p-limit'
import { UsageTooExpensiveError } from '../../../errors.js'
import type { Database } from '../../../postgres/database.js'
import { mapDatabaseErrors } from '../../../postgres/database-errors.js'
import type { Rows } from '../../../postgres/long-read.js'
import type { Period } from '../../../usage/usage-rows.js'
import { plannedRows, planOf, readsByTime, rowsRead } from './usage-plan.js'

/** A statement over usage rows of one period. Cast numbers to float8 and times to text. */
export interface UsageStatement {
  readonly sql: string
  readonly args: readonly (string | readonly string[])[]
}

/** Statements that run at the same time, whoever asks. */
const AT_ONCE = 2
/** Milliseconds after which the server ends a statement. */
const TIMEOUT_MS = 25_000
/** From so many rows on, a statement is refused that reads so many times the rows of its period. */
const TOO_EXPENSIVE = { rows: 1_000_000, times: 3 } as const

const PERIOD = 'created_at >= $1::timestamptz AND created_at < $2::timestamptz'

export interface UsagePlan {
  /** Whether the statement finds the rows of its period by an index, and so reads no others. */
  readonly byTime: boolean
  readonly isTooExpensive: boolean
}

/**
 * Runs statements over the gateway's usage rows, its largest table: without parallel workers, for 25 s at most, and no
 * longer than somebody waits, two at once. Throws UnavailableError (DATABASE_UNAVAILABLE), OperationTimeoutError, and the signal's reason.
 */
export interface UsageStatements {
  run(statement: UsageStatement, signal: AbortSignal): Promise<Rows>
  /**
   * Asks the planner what a statement would read.
   * @param period what the statement is about
   */
  plan(statement: UsageStatement, period: Period, signal: AbortSignal): Promise<UsagePlan>
  /**
   * Asks the planner whether a statement may be run.
   * @throws UsageTooExpensiveError if it would read more than a million rows, and three times those of the period
   */
  check(statement: UsageStatement, period: Period, signal: AbortSignal): Promise<void>
  /**
   * Runs statements that belong together. If one fails, the others are ended.
   * @returns their rows, in the order of the statements
   */
  runAll(statements: readonly UsageStatement[], signal: AbortSignal): Promise<readonly Rows[]>
  /**
   * Runs statements of which any number may follow: two at once, so that others come between. If one fails, the others are ended.
   * @param take is given the rows of each as they come, so that nothing is lost if the next ones take too long
   */
  runEach(
    statements: readonly UsageStatement[],
    take: (rows: Rows, at: number) => void,
    signal: AbortSignal,
  ): Promise<void>
  /** Runs a statement, after `check`. */
  runChecked(statement: UsageStatement, period: Period, signal: AbortSignal): Promise<Rows>
  /** About the number of rows that a period has, as the planner knows it. */
  rowsIn(period: Period): Promise<number>
  /** About the share of all rows that a period has, 0 to 1; 1 of a table of which the planner knows nothing. */
  shareOf(period: Period): Promise<number>
}

/** Waits for all of these; if one fails, it ends the others. */
async function together<Value>(
  signal: AbortSignal,
  begin: (either: AbortSignal) => readonly Promise<Value>[],
): Promise<Value[]> {
  const failure = new AbortController()
  try {
    return await Promise.all(begin(AbortSignal.any([signal, failure.signal])))
  } catch (error) {
    failure.abort(error)
    throw error
  }
}

export function createUsageStatements(database: Pick<Database, 'query' | 'readLong'>): UsageStatements {
  const limit = pLimit(AT_ONCE)
  const run: UsageStatements['run'] = (statement, signal) =>
    mapDatabaseErrors(() => limit(() => database.readLong({ ...statement, timeoutMs: TIMEOUT_MS, signal })))

  const rowsIn: UsageStatements['rowsIn'] = ({ since, until }) =>
    mapDatabaseErrors(async () => {
      const rows = await database.query(`EXPLAIN (FORMAT JSON) SELECT 1 FROM usage WHERE ${PERIOD}`, [
        since.toISOString(),
        until.toISOString(),
      ])
      return plannedRows(planOf(rows[0]?.[0]))
    })

  const rowsOfTable = async (): Promise<number> => {
    const rows = await mapDatabaseErrors(() =>
      database.query("SELECT reltuples::float8 FROM pg_class WHERE oid = 'usage'::regclass", []),
    )
    // It is -1 for a table that was never analysed.
    return Math.max(0, Number(rows[0]?.[0] ?? 0))
  }

  const plan: UsageStatements['plan'] = async (statement, period, signal) => {
    const [[answer], ofTable, ofPeriod] = await Promise.all([
      run({ ...statement, sql: `EXPLAIN (FORMAT JSON) ${statement.sql}` }, signal),
      rowsOfTable(),
      rowsIn(period),
    ])
    const planned = planOf(answer?.[0])
    const read = rowsRead(planned, ofTable, ofPeriod)
    return {
      byTime: readsByTime(planned),
      isTooExpensive: read > TOO_EXPENSIVE.rows && read > TOO_EXPENSIVE.times * ofPeriod,
    }
  }

  const check: UsageStatements['check'] = async (statement, period, signal) => {
    const { isTooExpensive } = await plan(statement, period, signal)
    if (isTooExpensive)
      throw new UsageTooExpensiveError(
        'The database would read far more rows than the period has. Ask for a longer period, or give the gateway’s table "usage" its index on created_at.',
      )
  }

  return {
    run,
    plan,
    check,
    runAll: (all, signal) => together(signal, (either) => all.map((statement) => run(statement, either))),
    async runEach(all, take, signal) {
      const left = [...all.entries()]
      await together(signal, (either) =>
        Array.from({ length: AT_ONCE }, async () => {
          for (let next = left.shift(); next && !either.aborted; next = left.shift()) {
            const [at, statement] = next
            take(await run(statement, either), at)
          }
        }),
      )
    },
    async runChecked(statement, period, signal) {
      await check(statement, period, signal)
      return run(statement, signal)
    },
    rowsIn,
    async shareOf(period) {
      const [ofTable, ofPeriod] = await Promise.all([rowsOfTable(), rowsIn(period)])
      return ofTable === 0 ? 1 : Math.min(1, ofPeriod / ofTable)
    },
  }
}
