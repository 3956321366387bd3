import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, it, vi } from 'vitest'
import { cacheUnavailable } from '../../../src/errors.js'
import { keyOf, stored } from './feed-support.js'
import { followByHand } from './follow-by-hand.js'

it('forgets what is flushed while all is read again after an outage', async () => {
  const { source, keyspace, tell, hold, release, untilHeld, untilLive } = followByHand()
  for (let n = 0; n < 3; n += 1) keyspace.set(keyOf(n), stored())
  tell.restored()
  await untilLive()

  tell.lost(new Error('The connection to Redis was closed.'))
  hold()
  tell.restored()
  await untilHeld()
  // Redis names no key of a flush.
  for (let n = 0; n < 3; n += 1) keyspace.delete(keyOf(n))
  tell.flushed()
  release()
  await untilLive()
  expect(await source.reader().count({})).toBe(0)
})

it('leaves a flush that comes while nothing is told to the read that follows', async () => {
  const { source, keyspace, tell, untilLive } = followByHand()
  keyspace.set(keyOf(1), stored())
  tell.restored()
  await untilLive()

  tell.lost(new Error('The connection to Redis was closed.'))
  tell.flushed()
  expect(source.state).toBe('lost')
  tell.restored()
  await untilLive()
  expect(await source.reader().count({})).toBe(1)
  expect(source.figures.fullReads).toBe(2)
})

it('gives up an index that does not fit into memory, says so, and answers from scans', async () => {
  const { source, keyspace, tell, logs, untilState } = followByHand(300_000, 3)
  for (let n = 0; n < 4; n += 1) keyspace.set(keyOf(n), stored())
  tell.restored()
  await untilState('scanning')
  expect(source.scanReason).toBe('index-too-large')
  expect(source.indexSize).toBeUndefined()
  expect(logs).toMatchObject([
    {
      level: 'warn',
      message: expect.stringContaining('index-too-large'),
      details: { reason: 'There are more affinities than the 3 that the heap has room for.' },
    },
  ])
  expect(await source.reader().count({})).toBe(4)
  expect(() => source.events(() => {})).toThrow('do not fit into the memory')
})

it('gives up an index that grows past its memory, and follows the cache again when it fits', async () => {
  const { source, keyspace, tell, untilState, untilLive } = followByHand(300_000, 3)
  for (let n = 0; n < 3; n += 1) keyspace.set(keyOf(n), stored())
  tell.restored()
  await untilLive()
  expect(source.scanReason).toBeUndefined()
  keyspace.set(keyOf(3), stored())
  tell.changed([keyOf(3)])
  await untilState('scanning')
  expect(source.scanReason).toBe('index-too-large')
  keyspace.delete(keyOf(0))
  tell.restored()
  await untilLive()
  expect([source.indexSize, await source.reader().count({})]).toEqual([3, 3])
})

it('says that it cannot compare with the cache, where nothing else would', async () => {
  const { tell, failReads, logs, untilLive } = followByHand(300)
  tell.restored()
  await untilLive()
  failReads(new Error('a bug'))
  await vi.waitFor(() => expect(logs.at(-1)?.message).toContain('cannot be compared'), { timeout: 10_000 })
  expect(logs.at(-1)).toMatchObject({ level: 'warn', details: { err: { message: 'a bug' } } })
})

it('holds what the cache holds, whatever has happened, once changes are told and reads succeed', async () => {
  type Followed = ReturnType<typeof followByHand>
  const outage = cacheUnavailable(new Error('no answer'))
  const happenings: Record<string, (followed: Followed) => unknown> = {
    restored: ({ tell }) => tell.restored(),
    lost: ({ tell }) => tell.lost(outage),
    refused: ({ tell }) => tell.refused(new Error('no such command')),
    flushed({ tell, keyspace }) {
      for (let n = 0; n < 5; n += 1) keyspace.delete(keyOf(n))
      tell.flushed()
    },
    'reads fail': ({ failReads }) => failReads(outage),
    'reads succeed': ({ failReads }) => failReads(undefined),
    'changes fail': ({ failChanges }) => failChanges(outage),
    'changes succeed': ({ failChanges }) => failChanges(undefined),
    write({ keyspace, tell }) {
      const key = keyOf(Math.floor(performance.now() * 1_000) % 5)
      keyspace.set(key, stored())
      tell.changed([key])
    },
    clear: ({ source }) => source.store.remove([keyOf(1), keyOf(2)]),
    wait: () => sleep(5),
  }
  const sequence = fc.array(fc.constantFrom(...Object.keys(happenings)), { maxLength: 30 })
  const sequences = fc.array(sequence, { minLength: 20, maxLength: 20 })

  async function endsWell(names: readonly string[]): Promise<void> {
    const followed = followByHand()
    for (const name of ['restored', ...names]) await happenings[name]?.(followed)
    followed.failReads(undefined)
    followed.failChanges(undefined)
    followed.tell.lost(outage)
    followed.tell.restored()
    await followed.untilLive()
    const keys = (await followed.source.reader().matching({})).map(({ key }) => key)
    const there = [0, 1, 2, 3, 4].map(keyOf).filter((key) => followed.keyspace.get(key) !== undefined)
    expect({ names, keys: keys.sort() }).toEqual({ names, keys: there })
    expect(await followed.source.reconcile()).toBe(0)
  }
  await fc.assert(
    fc.asyncProperty(sequences, async (all) => {
      await Promise.all(all.map(endsWell))
    }),
    { numRuns: 5, endOnFailure: true },
  )
}, 60_000)
