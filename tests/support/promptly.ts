import { expect } from 'vitest'
import { measured } from './figures.js'

/**
 * Longest time of an answer in a test while a store is down, in milliseconds. The service promises 2 s, and the measured times
 * are in docs/reliability.md, but a busy machine is slower. So a test only checks that there is a limit: without one an answer
 * takes 10 s (the limit of an operation), 74 s (the driver's own limit) or for ever.
 */
export const PROMPT_MS = 8_000

/** Runs a function, and fails if it takes longer than `PROMPT_MS`. */
export async function promptly<T>(run: () => Promise<T>): Promise<T> {
  const start = performance.now()
  const result = await measured(expect.getState().currentTestName ?? 'before the tests', run)
  expect(performance.now() - start).toBeLessThan(PROMPT_MS)
  return result
}
