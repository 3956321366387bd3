/**
 * Counts the SQL statements and Redis round trips of each query at 10, 100 and 1,000 records: the table in docs/costs.md. It
 * measures no times, so that other load on the machine does not matter. Run it with `npx tsx bench/costs.ts`.
 */
import { costsAt } from './lib/costs.js'
import { printTable } from './lib/measure.js'

const SIZES = [10, 100, 1_000]

const columns: Map<string, string>[] = []
for (const size of SIZES) columns.push(await costsAt(size))
printTable(
  'SQL statements / Redis round trips',
  ['query', ...SIZES.map((size) => `${size.toLocaleString('en')} records`)],
  [...(columns[0]?.keys() ?? [])].map((name) => [name, ...columns.map((costs) => costs.get(name) ?? '')]),
)
