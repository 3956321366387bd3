import { CombinedGraphQLErrors } from '@apollo/client/errors'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { nameReader } from '../../web/src/pages/affinities/live/name-reader.js'
import { endSession, startSession } from '../../web/src/session/session.js'

const away = () =>
  new CombinedGraphQLErrors({ errors: [{ message: '', extensions: { code: 'DATABASE_UNAVAILABLE' } }] })

const read = vi.fn(async () => {})
let stop: AbortController
beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('sessionStorage', { getItem: () => null, setItem: () => {}, removeItem: () => {} })
  startSession({ token: 'one', expiresAt: null, deviceId: null })
  read.mockReset()
  stop = new AbortController()
})
afterEach(() => {
  stop.abort()
  endSession()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

it('the names of rows that were switched within a moment are read once', async () => {
  const want = nameReader(read, stop.signal)
  want()
  want()
  await vi.advanceTimersByTimeAsync(10_000)
  expect(read).toHaveBeenCalledTimes(1)
})

it('names that could not be read are read again, by one reader, until PostgreSQL is back', async () => {
  read.mockImplementation(async () => Promise.reject(away()))
  const want = nameReader(read, stop.signal)
  want()
  await vi.advanceTimersByTimeAsync(5_000)
  const failed = read.mock.calls.length
  expect(failed).toBeGreaterThan(2)
  for (let n = 0; n < 20; n += 1) want()
  await vi.advanceTimersByTimeAsync(30_000)
  expect(read.mock.calls.length - failed).toBeLessThan(8)
  read.mockResolvedValue()
  await vi.advanceTimersByTimeAsync(60_000)
  const answered = read.mock.calls.length
  await vi.advanceTimersByTimeAsync(60_000)
  expect(read).toHaveBeenCalledTimes(answered)
})

it('a row that is switched while names are read is read of afterwards', async () => {
  const want = nameReader(read, stop.signal)
  read.mockImplementationOnce(async () => want())
  want()
  await vi.advanceTimersByTimeAsync(2_000)
  expect(read).toHaveBeenCalledTimes(2)
})

it('nobody reads names for a page that was left', async () => {
  read.mockImplementation(async () => Promise.reject(away()))
  const want = nameReader(read, stop.signal)
  want()
  await vi.advanceTimersByTimeAsync(500)
  stop.abort()
  const before = read.mock.calls.length
  await vi.advanceTimersByTimeAsync(60_000)
  expect(read).toHaveBeenCalledTimes(before)
})
