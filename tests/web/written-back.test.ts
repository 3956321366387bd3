import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { followWrittenBack } from '../../web/src/clears/use-written-back.js'

/** What the server answers: a count, null while the guard window is open, or undefined while PostgreSQL is away. */
let writtenBack: number | null | undefined
let asked = 0
const told = vi.fn((_count: number) => {})

beforeEach(() => {
  asked = 0
  told.mockReset()
  vi.useFakeTimers()
  vi.stubGlobal('fetch', async () => {
    asked += 1
    const away = { errors: [{ message: '', extensions: { code: 'DATABASE_UNAVAILABLE' } }], data: null }
    const event = { __typename: 'AuditEvent', id: 'one', writtenBack }
    return Response.json(writtenBack === undefined ? away : { data: { auditEvent: event } })
  })
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

it('what gateways wrote back is told after an outage, however long it was', async () => {
  writtenBack = undefined
  const stop = followWrittenBack('one', told)
  await vi.advanceTimersByTimeAsync(300_000)
  expect(told).not.toHaveBeenCalled()
  writtenBack = null
  await vi.advanceTimersByTimeAsync(10_000)
  writtenBack = 2
  await vi.advanceTimersByTimeAsync(10_000)
  expect(told.mock.calls).toEqual([[2]])
  stop()
})

it('nobody asks for ever what no guard counts', async () => {
  writtenBack = null
  followWrittenBack('one', told)
  await vi.advanceTimersByTimeAsync(300_000)
  expect(asked).toBeLessThan(40)
  expect(told).not.toHaveBeenCalled()
})
