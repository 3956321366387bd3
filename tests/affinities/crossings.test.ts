import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { AffinitySource } from '../../src/affinities/affinity-source.js'
import { createCrossings } from '../../src/affinities/crossings.js'
import { databaseUnavailable } from '../../src/errors.js'

const EVERY_MS = 3_500

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

async function sweep() {
  vi.advanceTimersByTime(EVERY_MS)
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

function start() {
  const source = {
    state: 'live' as AffinitySource['state'],
    events: vi.fn(() => () => {}),
    crossings: vi.fn(async () => {}),
  }
  const select = vi.fn(async () => ({}))
  const listener = { changed: vi.fn(), crossed: vi.fn(), looked: vi.fn(), lost: vi.fn() }
  return { source, select, listener, crossings: createCrossings({ source, now: () => 0 }) }
}

it('looks once for all who listen to a filter, and not at all once nobody does', async () => {
  const { crossings, select, listener, source } = start()
  expect(vi.getTimerCount()).toBe(0)
  const stops = [
    (await crossings.open('f', select))(listener),
    (await crossings.open('f', select))({ ...listener }),
    (await crossings.open('g', select))(listener),
  ]
  select.mockClear()
  await sweep()
  expect(select).toHaveBeenCalledTimes(2)
  expect(source.crossings).toHaveBeenCalledTimes(2)
  for (const stop of stops) stop()
  expect(vi.getTimerCount()).toBe(0)
  await sweep()
  expect(select).toHaveBeenCalledTimes(2)
})

it('does not look while changes are not seen', async () => {
  const { crossings, select, listener, source } = start()
  const stop = (await crossings.open('f', select))(listener)
  select.mockClear()
  source.state = 'lost'
  await sweep()
  expect(select).not.toHaveBeenCalled()
  source.state = 'live'
  await sweep()
  expect(select).toHaveBeenCalledTimes(1)
  stop()
})

it('reads nothing for a filter of which nobody can be told', async () => {
  const { crossings, select, source } = start()
  source.events.mockImplementation(() => {
    throw new Error('not followed')
  })
  await expect(crossings.open('f', select)).rejects.toThrow('not followed')
  expect(select).not.toHaveBeenCalled()
})

it('waits for a store that is away, and ends the streams at a fault of ours', async () => {
  const { crossings, select, listener } = start()
  const stop = (await crossings.open('f', select))(listener)
  select.mockRejectedValueOnce(databaseUnavailable(new Error('away')))
  await sweep()
  expect(listener.looked).not.toHaveBeenCalled()
  await sweep()
  expect(listener.looked).toHaveBeenCalledTimes(1)
  const fault = new TypeError('a fault')
  select.mockRejectedValueOnce(fault)
  await sweep()
  expect(listener.lost).toHaveBeenCalledExactlyOnceWith(fault)
  stop()
})
