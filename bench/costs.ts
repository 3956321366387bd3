/**
 * SQL statements and Redis round trips of each query, at 10, 100 and 1,000 records: the table in docs/costs.md.
 * Run with `npx tsx bench/costs.ts`. Only counts, so that it does not matter what else the machine does.
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
