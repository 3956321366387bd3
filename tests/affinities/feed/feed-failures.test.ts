import { describe, expect, it, vi } from 'vitest'
import { cacheUnavailable, type UnavailableError } from '../../../src/errors.js'
import { freshRedis } from '../../support/servers/shared.js'
import { expectSame, follow, followLive, keyOf, stored, untilState } from './feed-support.js'
import { followByHand } from './follow-by-hand.js'

/** A Redis whose user `reader` may do everything until the test takes a right away. */
async function redisOfReader() {
  const server = await freshRedis('empty')
  const gateway = server.client()
  const allow = (...rules: string[]) => gateway.call('ACL', 'SETUSER', 'reader', ...rules)
  await allow('on', '>secret', '~*', '&*', '+@all')
  await gateway.set(keyOf(1), stored())
  return {
    gateway,
    allow,
    config: { kind: 'single' as const, url: `redis://reader:secret@127.0.0.1:${server.port}` },
  }
}

const until = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 15_000, interval: 5 })

describe('listeners to affinities are told that changes are not seen', () => {
  it('when the read after a flush fails', async () => {
    const { gateway, allow, config } = await redisOfReader()
    const live = await followLive(config)
    const lost: UnavailableError[] = []
    live.source.events(
      () => {},
      (reason) => lost.push(reason),
    )
    await allow('-scan')
    await gateway.flushdb()
    await until(() => expect(lost).toHaveLength(1))
    expect(lost[0]).toMatchObject({
      code: 'CACHE_UNAVAILABLE',
      message: expect.stringContaining('listen again'),
    })
    expect(live.source.state).toBe('lost')
    expect(() => live.source.events(() => {})).toThrow('Try again shortly')
    await allow('+scan')
    await untilState(live, 'live')
    await expectSame(live)
    live.source.events(() => {})
    expect(live.logs.filter(({ level }) => level === 'error')).toHaveLength(1)
  })

  it('when a change cannot be read', async () => {
    const { gateway, allow, config } = await redisOfReader()
    const live = await followLive(config)
    const lost: UnavailableError[] = []
    live.source.events(
      () => {},
      (reason) => lost.push(reason),
    )
    await allow('-mget')
    await gateway.set(keyOf(2), stored())
    await until(() => expect(lost).toHaveLength(1))
    expect(lost[0]).toMatchObject({ code: 'CACHE_UNAVAILABLE' })
    expect(() => live.source.events(() => {})).toThrow('Try again shortly')
    await allow('+mget')
    await untilState(live, 'live')
    await expectSame(live)
  })
})

describe('a bug of ours', () => {
  it('while changes of a Redis are applied is logged once, and scans answer until it goes', async () => {
    const { gateway, config } = await redisOfReader()
    let isBroken = false
    const live = await followLive(config, {
      onSeen({ key }) {
        if (isBroken && key === keyOf(2)) throw new TypeError('a bug')
      },
    })
    const lost: UnavailableError[] = []
    live.source.events(
      () => {},
      (reason) => lost.push(reason),
    )
    isBroken = true
    await gateway.set(keyOf(2), stored())
    await untilState(live, 'scanning')
    expect(await live.source.reader().count({})).toBe(2)
    expect(lost).toHaveLength(1)
    expect(lost[0]?.message).toContain('fault')

    // Past a second try, which fails in the same way.
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    expect(live.source.state).toBe('scanning')
    const told = live.logs.filter(({ level }) => level === 'error')
    expect(told).toHaveLength(1)
    expect(told[0]?.details).toMatchObject({
      err: { message: 'a bug', stack: expect.stringContaining('onSeen') },
    })

    isBroken = false
    await untilState(live, 'live')
    await expectSame(live)
  })

  it('is told once for each distinct failure', async () => {
    const { source, keyspace, logs, tell, failChanges, untilLive, untilState: until } = followByHand()
    keyspace.set(keyOf(1), stored())
    tell.restored()
    await untilLive()
    const oneBug = new TypeError('one bug')
    for (const error of [oneBug, oneBug, new RangeError('another bug')]) {
      failChanges(error)
      tell.changed([keyOf(1)])
      await until('scanning')
      expect(await source.reader().count({})).toBe(1)
      failChanges(undefined)
      await untilLive()
    }
    const told = logs.filter(({ level }) => level === 'error')
    expect(told.map(({ details }) => (details as { err: Error }).err.message)).toEqual([
      'one bug',
      'another bug',
    ])
  }, 30_000)

  it('in a read of everything is told once as well, and no outage', async () => {
    const { source, logs, tell, failReads, untilLive, untilState } = followByHand()
    failReads(new TypeError('a bug'))
    tell.restored()
    await untilState('scanning')
    // The scan meets the same bug, and says so.
    await expect(source.reader().count({})).rejects.toThrow(TypeError)
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    expect(logs.filter(({ level }) => level === 'error')).toHaveLength(1)
    failReads(undefined)
    await untilLive()
  }, 15_000)

  it('is not what an outage is taken for', async () => {
    const { source, keyspace, logs, tell, failChanges, untilLive, untilState } = followByHand()
    tell.restored()
    await untilLive()
    failChanges(cacheUnavailable(new Error('no answer')))
    keyspace.set(keyOf(1), stored())
    tell.changed([keyOf(1)])
    await untilState('lost')
    await expect(source.reader().count({})).rejects.toMatchObject({ code: 'CACHE_UNAVAILABLE' })
    failChanges(undefined)
    await untilLive()
    expect(await source.reader().count({})).toBe(1)
    expect(source.figures.fullReads).toBe(1)
    expect(logs.filter(({ details }) => JSON.stringify(details).includes('stack'))).toEqual([])
  })
})

describe('a refusal of client tracking', () => {
  it('is tried again, and the index is back when it goes', async () => {
    const { gateway, allow, config } = await redisOfReader()
    await allow('-client|tracking')
    const live = await follow(config)
    await untilState(live, 'scanning')
    // A second refusal is not told again.
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    expect(live.logs.map(({ level }) => level)).toEqual(['warn'])
    await allow('+client|tracking')
    await untilState(live, 'live')
    await gateway.set(keyOf(2), stored())
    await live.source.settled()
    expect(live.source.indexSize).toBe(2)
    await expectSame(live)
    expect(live.logs.map(({ level }) => level)).toEqual(['warn', 'info'])
  })

  it('in the middle of a life is told, and answered from scans', async () => {
    const { gateway, allow, config } = await redisOfReader()
    const live = await followLive(config)
    await allow('-client|tracking')
    await gateway.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await untilState(live, 'scanning')
    expect(await live.source.reader().count({})).toBe(1)
    await allow('+client|tracking')
    await untilState(live, 'live')
    await expectSame(live)
  })

  it('is what a connection counts as that ends often, until it lasts', { timeout: 30_000 }, async () => {
    const { gateway, config } = await redisOfReader()
    const live = await followLive(config)
    // One outage, and another, and a third are what they are: the index is read anew, and no request scans.
    for (let time = 1; time <= 3; time += 1) {
      await gateway.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
      await untilState(live, 'lost')
      await untilState(live, 'live')
    }
    await gateway.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await untilState(live, 'scanning')
    expect(await live.source.reader().count({})).toBe(1)
    expect(live.logs.at(-1)).toMatchObject({
      level: 'warn',
      message: expect.stringContaining('ends too often'),
      details: { reason: expect.stringContaining('ended 4 times in a minute') },
    })
    await untilState(live, 'live')
    await gateway.set(keyOf(2), stored())
    await live.source.settled()
    await expectSame(live)
  })

  it('never lets a reader see the index half filled', async () => {
    const { source, keyspace, tell, hold, release, untilHeld, untilState, untilLive } = followByHand()
    for (let n = 0; n < 3; n += 1) keyspace.set(keyOf(n), stored())
    tell.refused(new Error('no such command'))
    await untilState('scanning')
    hold()
    tell.restored()
    await untilHeld()
    expect(source.state).toBe('scanning')
    const answer = source.reader().count({})
    release()
    expect(await answer).toBe(3)
    await untilLive()
    expect(await source.reader().count({})).toBe(3)
  })
})
