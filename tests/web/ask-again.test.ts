import { CombinedGraphQLErrors } from '@apollo/client/errors'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

const answered = (code: string) =>
  new CombinedGraphQLErrors({ errors: [{ message: '', extensions: { code } }] })

let isLive = true
let stop: AbortController

async function startConsoleModules() {
  const [{ untilAnswered }, session, { reportLost }] = await Promise.all([
    import('../../web/src/api/ask-again.js'),
    import('../../web/src/session/session.js'),
    import('../../web/src/api/connectivity.js'),
  ])
  session.startSession({ token: 'one', expiresAt: null, deviceId: null })
  const waits: unknown[] = []
  const until = (ask: () => Promise<string>) => {
    const answer = untilAnswered(ask, { signal: stop.signal, onWait: (error) => waits.push(error) })
    answer.catch(() => {})
    return answer
  }
  return { until, session, reportLost, waits }
}

beforeEach(() => {
  isLive = true
  stop = new AbortController()
  vi.resetModules()
  vi.useFakeTimers()
  vi.stubGlobal('sessionStorage', { getItem: () => null, setItem: () => {}, removeItem: () => {} })
  vi.stubGlobal('fetch', async () => {
    if (!isLive) throw new TypeError('nobody answers')
    return new Response('')
  })
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

it('what fails as the server is lost is asked again once it is back', async () => {
  const { until, reportLost, waits } = await startConsoleModules()
  const failure = new TypeError('nobody answers')
  const ask = vi.fn(async () => {
    if (isLive) return 'answer'
    reportLost()
    throw failure
  })
  isLive = false
  const answer = until(ask)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(ask).toHaveBeenCalledTimes(1)
  isLive = true
  await vi.advanceTimersByTimeAsync(15_000)
  expect(await answer).toBe('answer')
  expect(waits).toEqual([failure, undefined])
})

it('what fails as the session has ended is asked again after the next sign-in', async () => {
  const { until, session } = await startConsoleModules()
  const ask = vi.fn(async () => {
    if (session.sessionStore.get().session?.token === 'two') return 'answer'
    session.expireSession()
    throw answered('UNAUTHENTICATED')
  })
  const answer = until(ask)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(ask).toHaveBeenCalledTimes(1)
  session.startSession({ token: 'two', expiresAt: null, deviceId: null })
  expect(await answer).toBe('answer')
})

it('what does not pass is not asked again', async () => {
  const { until } = await startConsoleModules()
  await expect(until(async () => Promise.reject(answered('FORBIDDEN')))).rejects.toThrow()
})

it('who cancels does not wait for the end of the outage, and nothing is asked again', async () => {
  const { until, reportLost } = await startConsoleModules()
  const ask = vi.fn(async () => {
    reportLost()
    throw new TypeError('nobody answers')
  })
  isLive = false
  const given = until(ask)
  await vi.advanceTimersByTimeAsync(5_000)
  stop.abort(new Error('cancelled'))
  await expect(given).rejects.toThrow('cancelled')
  isLive = true
  await vi.advanceTimersByTimeAsync(60_000)
  expect(ask).toHaveBeenCalledTimes(1)
})
