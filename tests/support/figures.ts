import { appendFileSync } from 'node:fs'

/**
 * Runs a function. If `FIGURES` names a file, it appends the duration to it; docs/reliability.md has these times.
 */
export async function measured<T>(what: string, run: () => Promise<T>): Promise<T> {
  const startedAt = performance.now()
  const result = await run()
  const file = process.env['FIGURES']
  if (file) appendFileSync(file, `| ${what} | ${Math.round(performance.now() - startedAt)} ms |\n`)
  return result
}
