import type { Rows } from '../../../postgres/long-read.js'
import type { KeptUnits } from '../../../usage/kept-units.js'
import { lengthOf, periodOf, runsOf, type Unit } from '../../../usage/units.js'
import type { UsageStatement, UsageStatements } from './usage-statements.js'

const HOUR_MS = 3_600_000
/**
 * The times of which one statement reads the rows: a day, so that what it has read is kept if the next ones take too long, or
 * half of what is to be read, since two run at once.
 */
const AT_ONCE_MS = { least: 6 * HOUR_MS, most: 24 * HOUR_MS } as const

/** Units, of which some are to be read. */
export interface UnitReading {
  readonly all: readonly Unit[]
  readonly unknown: readonly Unit[]
  /** @param units they follow on each other, oldest first; at least one */
  statementOf(units: readonly Unit[]): Promise<UsageStatement>
  take(rows: Rows, units: readonly Unit[]): void
}

/** What is known of units once their statements have run. */
interface KnownUnits<Value> {
  readonly reading: UnitReading
  /** Oldest first. A unit has several values if those of its hours are kept. */
  values(): (readonly [Unit, Value])[]
}

/**
 * What is kept of units, and how the others are read.
 * @param valuesOf what the rows of a statement say of each of its units, in their order
 */
export function knownOf<Value extends object>(
  kept: KeptUnits<Value>,
  question: string,
  units: readonly Unit[],
  valuesOf: (rows: Rows, units: readonly Unit[]) => readonly Value[],
  statementOf: UnitReading['statementOf'],
): KnownUnits<Value> {
  const found = new Map(units.map((unit) => [unit, kept.get(question, unit)] as const))
  return {
    reading: {
      all: units,
      unknown: units.filter((unit) => !found.get(unit)),
      statementOf,
      take(rows, of) {
        for (const [at, value] of valuesOf(rows, of).entries()) {
          const unit = of[at]
          if (!unit) continue
          found.set(unit, [value])
          kept.put(question, unit, value)
        }
      },
    },
    values: () => units.flatMap((unit) => (found.get(unit) ?? []).map((value) => [unit, value] as const)),
  }
}

/** A statement that is to be run, and what becomes of its rows. */
export interface UnitRun {
  readonly statement: UsageStatement
  take(rows: Rows): void
}

/**
 * Cuts what is to be read into statements. Without an index on time each of them would read the whole table, so that it is one then.
 * @throws UsageTooExpensiveError
 */
async function runsToRead(
  statements: Pick<UsageStatements, 'plan' | 'check'>,
  { all, unknown, statementOf, take }: UnitReading,
  signal: AbortSignal,
): Promise<UnitRun[]> {
  const atOnce = Math.min(AT_ONCE_MS.most, Math.max(AT_ONCE_MS.least, firstHalf(unknown)))
  const runOf = async (units: readonly Unit[]): Promise<UnitRun> => ({
    statement: await statementOf(units),
    take: (rows) => take(rows, units),
  })
  const runs = runsOf(unknown, atOnce)
  const [first] = runs
  if (!first) return []
  const { byTime } = await statements.plan(await statementOf(first), periodOf(first), signal)
  if (byTime) return Promise.all(runs.map(runOf))
  const whole = await runOf(all)
  await statements.check(whole.statement, periodOf(all), signal)
  return [whole]
}

/** The length of the first units that are half of all at least. */
function firstHalf(units: readonly Unit[]): number {
  const half = units.reduce((sum, unit) => sum + lengthOf(unit), 0) / 2
  return units.reduce((sum, unit) => (sum < half ? sum + lengthOf(unit) : sum), 0)
}

/** Runs statements over units, two at once. */
export const runUnits = (
  statements: Pick<UsageStatements, 'runEach'>,
  runs: readonly UnitRun[],
  signal: AbortSignal,
): Promise<void> =>
  statements.runEach(
    runs.map(({ statement }) => statement),
    (rows, at) => runs[at]?.take(rows),
    signal,
  )

/**
 * Reads what is not known of units, each kind of figure by its own statements.
 * @throws UsageTooExpensiveError
 */
export async function readUnknown(
  statements: Pick<UsageStatements, 'plan' | 'check' | 'runEach'>,
  readings: readonly UnitReading[],
  signal: AbortSignal,
): Promise<void> {
  const runs = await Promise.all(readings.map((reading) => runsToRead(statements, reading, signal)))
  await runUnits(statements, runs.flat(), signal)
}
