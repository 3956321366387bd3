import { CombinedGraphQLErrors } from '@apollo/client/errors'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { nameReader } from '../../web/src/pages/affinities/live/name-reader.js'
import { endSession, startSession } from '../../web/src/session/session.js'

const away = () =>
  new CombinedGraphQLErrors({ errors: [{ message: '', extensions: { code: 'DATABASE_UNAVAILABLE' } }] })

const take = vi.fn((_names: string) => {})
const read = vi.fn(async (): Promise<{ data?: string; error?: unknown }> => ({ data: 'names' }))
let stop: AbortController
beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('sessionStorage', { getItem: () => null, setItem: () => {}, removeItem: () => {} })
  startSession({ token: 'one', expiresAt: null, deviceId: null })
  read.mockReset()
  read.mockResolvedValue({ data: 'names' })
  take.mockReset()
  stop = new AbortController()
})
afterEach(() => {
  stop.abort()
  endSession()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

it('the names of rows that were switched within a moment are read once', async () => {
  const want = nameReader(read, take, stop.signal)
  want()
  want()
  await vi.advanceTimersByTimeAsync(10_000)
  expect(read).toHaveBeenCalledTimes(1)
})

it('names that could not be read are read again, by one reader, until PostgreSQL is back', async () => {
  read.mockImplementation(async () => Promise.reject(away()))
  const want = nameReader(read, take, stop.signal)
  want()
  await vi.advanceTimersByTimeAsync(5_000)
  const failed = read.mock.calls.length
  expect(failed).toBeGreaterThan(2)
  for (let n = 0; n < 20; n += 1) want()
  await vi.advanceTimersByTimeAsync(30_000)
  expect(read.mock.calls.length - failed).toBeLessThan(8)
  read.mockResolvedValue({ data: 'names' })
  await vi.advanceTimersByTimeAsync(60_000)
  const answered = read.mock.calls.length
  await vi.advanceTimersByTimeAsync(60_000)
  expect(read).toHaveBeenCalledTimes(answered)
})

it('a row that is switched while names are read is read of afterwards', async () => {
  const want = nameReader(read, take, stop.signal)
  read.mockImplementationOnce(async () => {
    want()
    return { data: 'names' }
  })
  want()
  await vi.advanceTimersByTimeAsync(2_000)
  expect(read).toHaveBeenCalledTimes(2)
})

it('nobody reads names for a page that was left', async () => {
  read.mockImplementation(async () => Promise.reject(away()))
  const want = nameReader(read, take, stop.signal)
  want()
  await vi.advanceTimersByTimeAsync(500)
  stop.abort()
  const before = read.mock.calls.length
  await vi.advanceTimersByTimeAsync(60_000)
  expect(read).toHaveBeenCalledTimes(before)
})

it('a part of the names is taken only if the rest will not come', async () => {
  read.mockResolvedValueOnce({ data: 'a part', error: away() })
  const want = nameReader(read, take, stop.signal)
  want()
  await vi.advanceTimersByTimeAsync(5_000)
  expect(take.mock.calls).toEqual([['names']])
  read.mockResolvedValueOnce({ data: 'all there is', error: new Error('this gateway has no such table') })
  want()
  await vi.advanceTimersByTimeAsync(5_000)
  expect(take.mock.calls).toEqual([['names'], ['all there is']])
})
