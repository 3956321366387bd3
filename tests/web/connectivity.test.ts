import { afterEach, beforeEach, expect, it, vi } from 'vitest'

/** The status that /health/live has; undefined: nobody answers. */
let status: number | undefined

async function startConsoleModule() {
  const { connectivity, watchSilence } = await import('../../web/src/api/connectivity.js')
  return { connectivity, watchSilence }
}

beforeEach(() => {
  vi.resetModules()
  vi.useFakeTimers()
  vi.stubGlobal('document', { hidden: false })
  vi.stubGlobal('fetch', async () => {
    if (status === undefined) throw new TypeError('nobody answers')
    return new Response('', { status })
  })
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

it.each([undefined, 502, 504])('a silent server is lost if its proxy alone answers: %s', async (answer) => {
  status = answer
  const { connectivity, watchSilence } = await startConsoleModule()
  const stop = watchSilence()
  await vi.advanceTimersByTimeAsync(10_000)
  expect(connectivity.get()).toMatchObject({ lostAt: expect.any(Number), recoveries: 0 })
  status = 200
  await vi.advanceTimersByTimeAsync(20_000)
  expect(connectivity.get()).toEqual({ lostAt: null, recoveries: 1 })
  stop()
})
