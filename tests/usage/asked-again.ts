/** Questions that are asked one after the other while time passes, requests complete, and provider keys are set otherwise. */
import fc from 'fast-check'
import { KEY_STATES, type KeyState, type Row, SINCE, UNTIL } from './chain-model.js'

const MINUTE_MS = 60_000

/** A row, and for how long its request runs. */
export type LateRow = Row & { readonly runsMs: number }

export const lateRows = (rows: fc.Arbitrary<Row[]>): fc.Arbitrary<LateRow[]> =>
  rows.chain((rows) =>
    fc
      .array(fc.constantFrom(0, 0, 0, 0, 30, 55), { minLength: rows.length, maxLength: rows.length })
      .map((runs) => rows.map((row, at) => ({ ...row, runsMs: (runs[at] ?? 0) * MINUTE_MS }))),
  )

/** The rows as they are at a moment: some are not yet there, and some not yet completed. */
export const rowsAt = (rows: readonly LateRow[], now: number): Row[] =>
  rows.flatMap(({ runsMs, ...row }) =>
    row.at > now ? [] : [row.at + runsMs > now ? { ...row, status: 'pending' } : row],
  )

/** Unix milliseconds. */
export interface Asked {
  readonly since: number
  readonly until: number
}

export const isWithin = ({ at }: Row, { since, until }: Asked): boolean => at >= since && at < until

export interface Step extends Asked {
  /** The moment at which it is asked. */
  readonly now: number
  readonly keys: ReadonlyMap<string, KeyState>
  /** Which question, 0 or 1. */
  readonly question: number
}

const minutes = (...given: readonly number[]) => fc.constantFrom(...given).map((one) => one * MINUTE_MS)

const MOVES = KEY_STATES.chain((first) =>
  fc.array(
    fc.record({
      advance: minutes(0, 10, 40, 70),
      since: minutes(-2_000, -200, -60, -60, 0, 29, 83),
      until: minutes(-70, -50, 0, 0, 90, 2_000),
      keys: fc.oneof({ weight: 3, arbitrary: fc.constant(first) }, { weight: 1, arbitrary: KEY_STATES }),
      question: fc.constantFrom(0, 0, 0, 1),
    }),
    { minLength: 9, maxLength: 9 },
  ),
)

/** What is asked, oldest first: from when the first hours are over to when whole days are. */
export const STEPS: fc.Arbitrary<Step[]> = MOVES.map((moves) => {
  let now = SINCE
  return moves.map(({ advance, since, until, ...step }, at) => {
    now += at === 0 ? 160 * MINUTE_MS : at === 7 ? 2_500 * MINUTE_MS : advance
    return { ...step, now, since: SINCE + since, until: Math.min(UNTIL + until, now) }
  })
})
