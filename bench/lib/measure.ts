/** Times in milliseconds of one thing done again and again. */
export interface Timing {
  readonly runs: number
  readonly p50: number
  readonly p99: number
  /** How many a second, several at a time. */
  readonly perSecond: number
}

const CONCURRENCY = 10

const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN

/** Warms up, then repeats `run` alone for latencies and ten at a time for throughput, each for about `budgetMs`. */
export async function measure(run: () => Promise<unknown>, budgetMs = 3_000): Promise<Timing> {
  for (const end = performance.now() + budgetMs / 3; performance.now() < end; ) await run()

  const times: number[] = []
  const end = performance.now() + budgetMs
  while (performance.now() < end || times.length < 5) {
    const startedAt = performance.now()
    await run()
    times.push(performance.now() - startedAt)
  }
  times.sort((a, b) => a - b)

  let done = 0
  const startedAt = performance.now()
  const until = startedAt + budgetMs
  await Promise.all(
    Array.from({ length: CONCURRENCY }, async () => {
      while (performance.now() < until) {
        await run()
        done += 1
      }
    }),
  )
  const perSecond = (done * 1_000) / (performance.now() - startedAt)
  return { runs: times.length, p50: quantile(times, 0.5), p99: quantile(times, 0.99), perSecond }
}

const number = (value: number): string =>
  value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)

/** A plain table for a terminal or a README. */
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
