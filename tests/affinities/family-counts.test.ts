import { describe, expect, it, onTestFinished } from 'vitest'
import { affinityLikeKeys } from '../../src/affinities/affinity-like-keys.js'
import { createFamilies, FAMILIES } from '../../src/affinities/families/index.js'
import { countFamilies, createForeignFamilies } from '../../src/affinities/family-counts.js'
import { cacheUnavailable } from '../../src/errors.js'
import { connect } from '../support/redis-clients.js'
import { freshRedis } from '../support/servers/shared.js'

const NO_RECORDS = { count: async () => 0 }

describe('keys that look like affinities, but are read by nobody', () => {
  it('are counted by their prefixes, in Redis', async () => {
    const server = await freshRedis('empty')
    onTestFinished(() => server.stop())
    const client = await connect(server)
    onTestFinished(() => client.disconnect())
    await client.mset(
      ...['cache_affinity:a:CLAUDE:m', 'my_cache_affinity:a:CLAUDE:m', 'cache_affinity_backup:2026', 'x'],
      ...['my:cache_affinity:a:CLAUDE:m', '', 'my:cache_affinity:b:CLAUDE:m', ''],
      ...[
        'my:scheduler_affinity:v2:a:b:c:d:e',
        '',
        'scheduler_affinity:v3:a',
        '',
        'scheduler_affinity:v2',
        '',
      ],
    )
    const countIn = async (keyPrefix: string) => {
      const families = createFamilies(keyPrefix)
      const foreign = createForeignFamilies({ families, keys: () => affinityLikeKeys(client, families) })
      const found = await countFamilies(families, { count: async () => 2 }, foreign)
      return found.map(({ prefix, understood, records }) => `${prefix} ${understood} ${records}`).sort()
    }
    expect(await countIn('')).toEqual([
      'cache_affinity: true 2',
      'my:cache_affinity: false 2',
      'my:scheduler_affinity:v2: false 1',
      'scheduler_affinity: true 2',
      'scheduler_affinity:v2 false 1',
      'scheduler_affinity:v2: true 2',
      'scheduler_affinity:v3: false 1',
    ])
    expect(await countIn('my:')).toEqual(
      expect.arrayContaining([
        'my:cache_affinity: true 2',
        'cache_affinity: false 1',
        'scheduler_affinity:v3: false 1',
      ]),
    )
  })

  it('are walked at most every 10 minutes, and a failed walk loses nothing', async () => {
    let [now, walks] = [0, 0]
    const foreign = createForeignFamilies({
      families: FAMILIES,
      now: () => now,
      async *keys() {
        walks += 1
        if (walks === 2) throw new Error('away')
        yield Array.from({ length: walks }, (_, n) => `other:cache_affinity:${n}`)
      },
    })
    const count = async () => (await countFamilies(FAMILIES, NO_RECORDS, foreign))[0]?.records
    expect(await count()).toBe(1)
    expect(await count()).toBe(1)
    now = 600_000 - 1
    expect([await count(), walks]).toEqual([1, 1])
    now = 600_000
    expect([await count(), walks]).toEqual([1, 2])
    now = 1_200_000
    await count()
    expect([await count(), walks]).toEqual([3, 3])
  })

  it('are walked again soon after the cache was away', async () => {
    let [now, walks] = [0, 0]
    const foreign = createForeignFamilies({
      families: FAMILIES,
      now: () => now,
      async *keys() {
        walks += 1
        if (walks === 1) throw cacheUnavailable(new Error('away'))
        yield ['other:cache_affinity:1']
      },
    })
    const count = async () => (await countFamilies(FAMILIES, NO_RECORDS, foreign))[0]?.records
    expect([await count(), walks]).toEqual([undefined, 1])
    now = 9_999
    expect([await count(), walks]).toEqual([undefined, 1])
    now = 10_000
    await count()
    expect([await count(), walks]).toEqual([1, 2])
  })

  it('are told apart by some prefixes only, if there are endless ones', async () => {
    const foreign = createForeignFamilies({
      families: FAMILIES,
      async *keys() {
        for (let n = 0; n < 1_000; n += 1)
          yield [`p${n}:cache_affinity:a`, `${'x'.repeat(1_000)}:cache_affinity:`]
      },
    })
    const found = await countFamilies(FAMILIES, NO_RECORDS, foreign)
    expect(found).toHaveLength(50)
    expect(Math.max(...found.map(({ prefix }) => prefix.length))).toBe(200)
  })
})
