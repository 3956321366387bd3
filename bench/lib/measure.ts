import { setImmediate as nextTurn } from 'node:timers/promises'

/** Latencies of repeated runs in milliseconds, and their throughput. */
export interface Timing {
  readonly runs: number
  readonly p50: number
  readonly p99: number
  /** Runs per second with ten running at the same time. */
  readonly perSecond: number
}

const CONCURRENCY = 10

/**
 * Computes a quantile; NaN if there are no values.
 * @param q quantile from 0 to 1
 */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)

const ROUNDS = 5

/**
 * Measures several functions in turns, so that other load on the machine affects all of them alike. In each round a function
 * runs alone for its latency, and ten times at once for its throughput.
 * @param budgetMs time for the latency of one function over all rounds, and again for its throughput, in milliseconds
 */
export async function measure<Name extends string>(
  things: Readonly<Record<Name, () => Promise<unknown>>>,
  budgetMs = 3_000,
): Promise<Record<Name, Timing>> {
  const names = Object.keys(things) as Name[]
  const samples = names.map((name) => ({
    name,
    run: things[name],
    times: [] as number[],
    rates: [] as number[],
  }))
  for (const { run } of samples)
    for (const until = performance.now() + 1_000; performance.now() < until; ) await once(run)
  for (let round = 0; round < ROUNDS; round++) {
    for (const { run, times, rates } of samples) {
      const until = performance.now() + budgetMs / ROUNDS
      do times.push(await once(run))
      while (performance.now() < until)
      rates.push(await rateOf(run, budgetMs / ROUNDS))
    }
  }
  const timings = samples.map(({ name, times, rates }) => {
    const timing = { runs: times.length, p50: median(times), p99: quantile(times, 0.99) }
    return [name, { ...timing, perSecond: median(rates) }] as const
  })
  return Object.fromEntries(timings) as Record<Name, Timing>
}

/** Measures one run in milliseconds, and then yields to the event loop, which a synchronous run would block for ever. */
async function once(run: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await run()
  const ms = performance.now() - startedAt
  await nextTurn()
  return ms
}

async function rateOf(run: () => Promise<unknown>, ms: number): Promise<number> {
  let done = 0
  const startedAt = performance.now()
  await Promise.all(
    Array.from({ length: CONCURRENCY }, async () => {
      while (performance.now() < startedAt + ms) {
        await once(run)
        done += 1
      }
    }),
  )
  return (done * 1_000) / (performance.now() - startedAt)
}

const number = (value: number): string =>
  value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)

/** Prints a Markdown table. */
export function printTable(
  title: string,
  header: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): void {
  const cells = [
    header,
    ...rows.map((row) => row.map((cell) => (typeof cell === 'number' ? number(cell) : cell))),
  ]
  const widths = header.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`
  const [head = [], ...body] = cells
  console.log(`\n${title}\n`)
  console.log(line(head))
  console.log(`|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`)
  for (const row of body) console.log(line(row))
}
