import { expect, it } from 'vitest'
import { costsAt } from '../../bench/lib/costs.js'
import { textOf } from '../deploy/files.js'

/** The table's rows: a query, and its costs at 10, 100 and 1,000 records. */
const documented = textOf('docs/costs.md')
  .split('\n')
  .filter((line) => /^\| `.* \d+ \/ \d+ \|$/.test(line))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )

// At 1,000 the number of SCAN steps hangs on how Redis has spread the keys.
it.each([
  [10, 1],
  [100, 2],
] as const)(
  'docs/costs.md says what each query costs at %d records',
  async (records, column) => {
    const told = Object.fromEntries(documented.map((cells) => [cells[0], cells[column]]))
    expect(Object.keys(told).length).toBeGreaterThan(10)
    expect(Object.fromEntries(await costsAt(records))).toEqual(told)
  },
  60_000,
)
