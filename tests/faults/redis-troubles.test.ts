/** A Redis that answers, but is slow, full or loading, or resets connections. */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { clear, countKeys, FIXTURE_AFFINITIES, seen } from '../api/clearing.js'
import type { TestApp } from '../support/app.js'
import { measured } from '../support/figures.js'
import { promptly } from '../support/promptly.js'
import { PROVIDER, startBehindProxy } from './behind-proxy.js'

const FAMILY = 'cache_affinity:'
const provider = { providerId: PROVIDER }
const total = async (service: TestApp) => {
  const { data, errors } = await service.query('{ affinities { totalCount } }')
  return data?.affinities.totalCount ?? errors[0]?.extensions['code']
}

describe('a Redis that answers 3 s late', () => {
  it('gives CACHE_UNAVAILABLE within 2 s, never fewer records, and the service recovers by itself', async () => {
    const { service, proxy } = await startBehindProxy()
    await seen(service, '', FIXTURE_AFFINITIES)
    proxy.delayReplies(3_000)
    for (let request = 0; request < 3; request += 1) {
      expect(await measured('Redis 3 s late: a list', () => promptly(() => total(service)))).toBe(
        'CACHE_UNAVAILABLE',
      )
    }
    expect(await promptly(() => service.query('{ viewer { name } }'))).toMatchObject({ errors: [] })
    proxy.delayReplies(0)
    await measured('Redis 3 s late, then not: a list', () =>
      expect.poll(() => total(service)).toBe(FIXTURE_AFFINITIES),
    )
  })

  it('lets no clear be reported as failed that runs later', async () => {
    const { service, proxy, client } = await startBehindProxy({ records: 700 })
    proxy.onCommand(['unlink', 'removal'], () => proxy.delayReplies(3_000))
    const answer = await measured('Redis 3 s late: a clear', () =>
      promptly(() => clear(service, 'clearProviderCache', provider)),
    )
    expect(answer).toMatchObject({ code: 'OUTCOME_UNKNOWN', clearedCount: 0 })
    // The first batch has run; the second was never sent.
    expect(await countKeys(client, FAMILY)).toBe(200)
    proxy.delayReplies(0)
    proxy.onCommand(['unlink', 'removal'], () => {})
    await seen(service, '', 200)
    await sleep(500)
    expect(await countKeys(client, FAMILY)).toBe(200)
    expect(await clear(service, 'clearProviderCache', provider)).toMatchObject({ clearedCount: 200 })
  })
})

describe('a Redis whose connections are reset, or that is killed, while it is asked', () => {
  const MAPPINGS = '{ modelMappings { totalCount } }'
  const mappings = async (service: TestApp) => {
    const { data, errors } = await service.query(MAPPINGS)
    return data?.modelMappings.totalCount ?? errors[0]?.extensions['code']
  }

  it.each(['reset', 'killed'])(
    '%s: CACHE_UNAVAILABLE in 2 s, never fewer, and back by itself',
    async (how) => {
      // With the index the answer comes from memory, and Redis is not asked for it.
      const { service, redis, proxy } = await startBehindProxy({ env: { AFFINITY_INDEX: 'off' } })
      await seen(service, '', FIXTURE_AFFINITIES)
      const whole = await mappings(service)
      expect(whole).toBeGreaterThan(5)
      let isAsked = false
      proxy.onCommand(['scan', 'mget'], async () => {
        isAsked = true
        if (how === 'reset') proxy.reset()
        else await redis.kill()
      })
      expect(await promptly(() => mappings(service))).toBe('CACHE_UNAVAILABLE')
      expect(isAsked).toBe(true)
      proxy.onCommand(['scan', 'mget'], () => {})
      if (how === 'killed') await redis.restart()
      await expect.poll(() => mappings(service)).toBe(whole)
      await seen(service, '', FIXTURE_AFFINITIES)
    },
  )

  it('reset before a delete is there: OUTCOME_UNKNOWN, and it is never sent again by itself', async () => {
    const { service, redis, proxy, client } = await startBehindProxy({ records: 1_200 })
    let isReset = false
    proxy.onCommand(['removal'], async () => {
      // When 500 are gone, and the others' removal is on its way.
      if (isReset || (await countKeys(client, FAMILY)) > 700) return
      isReset = true
      proxy.reset()
    })
    expect(await promptly(() => clear(service, 'clearProviderCache', provider))).toMatchObject({
      code: 'OUTCOME_UNKNOWN',
      clearedCount: 500,
    })
    await seen(service, '', 700)
    await sleep(500)
    expect(await countKeys(client, FAMILY)).toBe(700)
    expect(redis.cli('info', 'commandstats')).toMatch(/cmdstat_unlink:calls=5,/)
    expect(await clear(service, 'clearProviderCache', provider)).toMatchObject({ clearedCount: 700 })
  })
})

describe('a Redis that is full (noeviction)', () => {
  it('is still read and cleared, since deletes need no memory', async () => {
    const { service, client } = await startBehindProxy({ records: 700 })
    await client.config('SET', 'maxmemory-policy', 'noeviction')
    await client.config('SET', 'maxmemory', '1mb')
    await expect(client.set('more', 'x')).rejects.toThrow(/OOM/)
    expect(await total(service)).toBe(700)
    const pin = { affinityKey: 'a-1', endpointId: 'e-1', modelId: 'gpt-5', apiFormat: 'OPENAI' }
    expect(await clear(service, 'clearSingleAffinity', pin)).toMatchObject({ clearedCount: 1 })
    const answer = await measured('Redis full: a clear', () => clear(service, 'clearProviderCache', provider))
    // The gateways' count of invalidations could not be raised; the clear is done.
    expect(answer).toMatchObject({ clearedCount: 699, auditEvent: { success: true } })
    expect(await countKeys(client, FAMILY)).toBe(0)
    expect(await total(service)).toBe(0)
  })
})

describe('a Redis that still reads its data (LOADING)', () => {
  it('gives CACHE_UNAVAILABLE until it has loaded all records, never a part of them', async () => {
    const { service, redis } = await startBehindProxy({
      redisArgs: ['--key-load-delay', '3000', '--loading-process-events-interval-bytes', '1024'],
    })
    await seen(service, '', FIXTURE_AFFINITIES)
    await redis.kill()
    const loaded = redis.restart()
    const answers = new Set<unknown>()
    let isLoading = true
    void loaded.then(() => {
      isLoading = false
    })
    while (isLoading) {
      answers.add(await promptly(() => total(service)))
      await sleep(50)
    }
    await expect.poll(() => total(service)).toBe(FIXTURE_AFFINITIES)
    answers.delete(FIXTURE_AFFINITIES)
    expect([...answers]).toEqual(['CACHE_UNAVAILABLE'])
  })
})
