import { expect, it, vi } from 'vitest'
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
  expect(await source.open().count({})).toBe(0)
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
  expect(await source.open().count({})).toBe(1)
  expect(source.figures.fullReads).toBe(2)
})

it('says that it cannot compare with the cache, where nothing else would', async () => {
  const { tell, failReads, logs, untilLive } = followByHand(5)
  tell.restored()
  await untilLive()
  failReads(new Error('a bug'))
  await vi.waitFor(() => expect(logs.at(-1)?.message).toContain('cannot be compared'), { timeout: 10_000 })
  expect(logs.at(-1)).toMatchObject({ level: 'warn', details: { err: { message: 'a bug' } } })
})
