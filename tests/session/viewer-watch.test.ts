import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { databaseUnavailable, UnauthenticatedError, type UnavailableError } from '../../src/errors.js'
import { createViewerWatch, type ViewerWatch } from '../../src/session/viewer-watch.js'

/** Answers of the stores: what the next checks throw, or a check that does not end. */
let answer: 'valid' | 'hangs' | Error
let checked: string[]
let watch: ViewerWatch
const away: UnavailableError = databaseUnavailable(new Error('ECONNREFUSED'))
const revoked = new UnauthenticatedError('revoked')

beforeEach(() => {
  vi.useFakeTimers()
  answer = 'valid'
  checked = []
  watch = createViewerWatch({
    check: async ({ authorization }) => {
      checked.push(authorization ?? '')
      if (answer === 'hangs') await new Promise(() => {})
      if (answer instanceof Error) throw answer
    },
  })
})
afterEach(async () => {
  const asked = checked.length
  await vi.advanceTimersByTimeAsync(60_000)
  expect(checked).toHaveLength(asked)
  vi.useRealTimers()
})

const from = (authorization: string, deviceId: string | null = null) => ({
  authorization,
  deviceId,
  address: '192.0.2.1',
})

const seconds = (count: number) => vi.advanceTimersByTimeAsync(count * 1_000)

it('checks a token once for its five hundred streams', async () => {
  const ends = Array.from({ length: 500 }, () => watch.watch(from('one'), () => {}))
  await seconds(60)
  expect(checked).toHaveLength(20)
  for (const end of ends) end()
  await seconds(60)
  expect(checked).toHaveLength(20)
})

it('ends all streams of a revoked token within five seconds, and of no other', async () => {
  const lost: [string, unknown][] = []
  for (const name of ['a', 'b']) watch.watch(from('revoked'), (error) => lost.push([name, error]))
  const end = watch.watch(from('other'), (error) => lost.push(['other', error]))
  await seconds(30)
  expect(lost).toEqual([])
  answer = revoked
  end()
  await seconds(5)
  expect(lost).toEqual([
    ['a', revoked],
    ['b', revoked],
  ])
})

it('ends no stream while a store stalls, however often', async () => {
  const lost: unknown[] = []
  const end = watch.watch(from('one'), (error) => lost.push(error))
  for (let stall = 0; stall < 10; stall += 1) {
    answer = away
    await seconds(12)
    answer = 'valid'
    await seconds(6)
  }
  expect(lost).toEqual([])
  end()
})

it.each([
  ['fails', away],
  ['does not end', 'hangs'],
] as const)('ends a stream where each check %s for longer', async (_, how) => {
  const lost: unknown[] = []
  watch.watch(from('one'), (error) => lost.push(error))
  await seconds(3)
  answer = how
  await seconds(17)
  expect(lost).toEqual([])
  await seconds(4)
  expect(lost).toMatchObject([{ code: 'DATABASE_UNAVAILABLE' }])
})

it('begins no second check of a token while one runs', async () => {
  answer = 'hangs'
  const end = watch.watch(from('one'), () => {})
  await seconds(12)
  expect(checked).toEqual(['one'])
  end()
})

it('takes a new stream, whose request has checked the token, as an answer', async () => {
  const lost: unknown[] = []
  const ends = [watch.watch(from('one'), (error) => lost.push(error))]
  answer = away
  for (let n = 0; n < 5; n += 1) {
    await seconds(12)
    ends.push(watch.watch(from('one'), (error) => lost.push(error)))
  }
  expect(lost).toEqual([])
  for (const end of ends) end()
})

it('checks a token apart for each device, to which it may be bound', async () => {
  const ends = ['mine', 'another'].map((device) => watch.watch(from('one', device), () => {}))
  await seconds(3)
  expect(checked).toEqual(['one', 'one'])
  for (const end of ends) end()
})
