import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import {
  expectSame,
  followLive,
  keyOf,
  type Live,
  stored,
  untilState,
} from '../affinities/feed/feed-support.js'
import { startRedis } from '../support/servers/redis.js'
import { freshRedis } from '../support/servers/shared.js'

/** More often than once where the machine is so busy that a connection is given up as well. */
const untilReadAgain = ({ source }: Live, before: number) =>
  vi.waitFor(() => expect(source.figures.fullReads).toBeGreaterThan(before), { timeout: 15_000 })

describe('readers get CACHE_UNAVAILABLE when the connection breaks, and then a new full read', () => {
  it('after a restart that lost everything', async () => {
    const server = await freshRedis('empty')
    await server.client().set(keyOf(1), stored())
    const live = await followLive({ kind: 'single', url: server.url })
    await server.kill()
    await untilState(live, 'lost')
    await expect(live.source.reader().count({})).rejects.toMatchObject({ code: 'CACHE_UNAVAILABLE' })
    await server.restart()
    await server.client().mset(keyOf(2), stored(), keyOf(3), stored())
    await untilState(live, 'live')
    await expectSame(live)
    expect(await live.source.reader().count({})).toBe(2)
    // It is unknown when these keys were written and removed, so that there are no events for them.
    expect(live.events).toEqual([])
    expect(live.logs.map(({ message }) => message)).toEqual([
      'affinities are followed',
      'affinities are not followed any more',
      'affinities are followed',
    ])
  })

  it('after the connection that tells changes was cut alone', async () => {
    const server = await freshRedis('empty')
    const gateway = server.client()
    await gateway.set(keyOf(1), stored())
    const live = await followLive({ kind: 'single', url: server.url })
    for (let round = 0; round < 5; round += 1) {
      const before = live.source.figures.fullReads
      await gateway
        .multi()
        .call('CLIENT', 'KILL', 'TYPE', 'pubsub')
        .set(keyOf(`during-${round}`), stored())
        .del(keyOf(round))
        .exec()
      await untilReadAgain(live, before)
      await untilState(live, 'live')
      await gateway.set(keyOf(round), stored())
      await expectSame(live)
    }
  })

  it('while it hangs, and goes on', async () => {
    const server = await freshRedis('empty')
    const gateway = server.client()
    await gateway.set(keyOf(1), stored())
    const live = await followLive({ kind: 'single', url: server.url })
    server.pause()
    await untilState(live, 'lost')
    await expect(live.source.reader().count({})).rejects.toMatchObject({ code: 'CACHE_UNAVAILABLE' })
    server.resume()
    await untilState(live, 'live')
    await gateway.set(keyOf(2), stored())
    await expectSame(live)
  })

  it('when clients are cut all the time while thousands of records change', async () => {
    const server = await freshRedis('empty')
    const gateway = server.client()
    const live = await followLive({ kind: 'single', url: server.url })
    for (let round = 0; round < 20; round += 1) {
      const pipeline = gateway.pipeline()
      for (let n = 0; n < 500; n += 1) {
        pipeline.set(keyOf((round * 311 + n) % 3_000), stored({ request_count: round }))
        pipeline.del(keyOf((round * 733 + n * 3) % 3_000))
      }
      await pipeline.exec()
      if (round % 3 === 0) await gateway.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
      if (round % 3 === 1) await gateway.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
      await sleep(round * 10)
    }
    await untilState(live, 'live')
    await expectSame(live)
    expect(await live.source.reconcile()).toBe(0)
  })

  it('when a read fails, so that old records are not shown', async () => {
    const server = await freshRedis('empty')
    const gateway = server.client()
    await gateway.call('ACL', 'SETUSER', 'reader', 'on', '>secret', '~*', '&*', '+@all')
    const live = await followLive({ kind: 'single', url: `redis://reader:secret@127.0.0.1:${server.port}` })
    await gateway.call('ACL', 'SETUSER', 'reader', '-mget')
    await gateway.set(keyOf(1), stored())
    await untilState(live, 'lost')
    await expect(live.source.reader().count({})).rejects.toMatchObject({ code: 'CACHE_UNAVAILABLE' })
    await gateway.call('ACL', 'SETUSER', 'reader', '+mget')
    await untilState(live, 'live')
    await expectSame(live)
    expect(live.source.figures.fullReads).toBe(1)
  })

  it('over TLS as well', async () => {
    const server = await startRedis({ tls: true })
    onTestFinished(() => server.stop())
    const gateway = server.client()
    await gateway.set(keyOf(1), stored())
    const live = await followLive({ kind: 'single', url: server.url, tls: { ca: server.ca ?? '' } })
    await gateway.set(keyOf(2), stored())
    await expectSame(live)
    const before = live.source.figures.fullReads
    await gateway.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await untilReadAgain(live, before)
    await untilState(live, 'live')
    await gateway.del(keyOf(1))
    await expectSame(live)
  })
})
