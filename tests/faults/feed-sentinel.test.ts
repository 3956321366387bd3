import { expect, it } from 'vitest'
import { expectSame, followLive, keyOf, stored, untilState } from '../affinities/feed/feed-support.js'
import { startSentinel } from '../support/servers/redis-sentinel.js'

it('after a failover the index follows the new master', async () => {
  const group = await startSentinel()
  try {
    const gateway = group.master.client()
    for (let n = 0; n < 200; n += 1) await gateway.set(keyOf(n), stored())
    await gateway.wait(1, 5_000)
    const live = await followLive({ kind: 'sentinel', sentinels: group.sentinels, name: group.name })
    await gateway.set(keyOf('before'), stored())
    await expectSame(live)
    await gateway.wait(1, 5_000)

    const before = group.master.port
    await group.master.kill()
    await untilState(live, 'lost')
    await expect(live.source.reader().count({})).rejects.toMatchObject({ code: 'CACHE_UNAVAILABLE' })
    await group.untilMasterIsNot(before)
    await untilState(live, 'live', 30_000)
    expect(await live.source.reader().count({})).toBe(201)

    const onNewMaster = group.replica.client()
    await onNewMaster.set(keyOf('after'), stored())
    await onNewMaster.del(keyOf(5))
    await expectSame(live)
    expect(await live.source.reader().count({})).toBe(201)
  } finally {
    await group.stop()
  }
}, 60_000)

it('the old master, back as a replica, is not taken for the master', async () => {
  const group = await startSentinel()
  try {
    await group.master.client().set(keyOf(1), stored())
    const live = await followLive({ kind: 'sentinel', sentinels: group.sentinels, name: group.name })
    const before = group.master.port
    // It hangs rather than dies: its connections stay open.
    group.master.pause()
    await group.untilMasterIsNot(before)
    const gateway = group.replica.client()
    await gateway.set(keyOf('new'), stored())
    group.master.resume()
    await untilState(live, 'live', 30_000)
    await gateway.set(keyOf('newer'), stored())
    // The old master may still answer until the sentinels have told it; then it is dropped.
    await expect
      .poll(
        () =>
          live.source
            .reader()
            .count({})
            .catch(() => -1),
        { timeout: 20_000 },
      )
      .toBe(3)
    await gateway.set(keyOf('newest'), stored())
    await expectSame(live)
  } finally {
    await group.stop()
  }
}, 60_000)
