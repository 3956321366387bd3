import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { sql } from '../api/affinity-model.js'
import { clear, countKeys, FIXTURE_AFFINITIES, seen } from '../api/clearing.js'
import type { TestApp } from '../support/app.js'
import { promptly } from '../support/promptly.js'
import { PROVIDER, startBehindProxy } from './behind-proxy.js'

const FAMILY = 'cache_affinity:'
const everything = { confirm: true }
const provider = { providerId: PROVIDER }

const lastRow = async ({ databaseUrl }: TestApp) => {
  const [row] = await sql(databaseUrl, 'SELECT * FROM audit_logs ORDER BY created_at DESC LIMIT 1')
  return row ?? { id: '' }
}

describe('a clear while Redis is gone', () => {
  it('is refused, is written down, and never runs later', async () => {
    const { service, redis, client } = await startBehindProxy({ records: 700 })
    await redis.kill()
    // Once before the service has heard of it, and once after.
    for (let attempt = 0; attempt < 2; attempt += 1) {
      for (const [name, args] of [
        ['clearProviderCache', provider],
        ['clearAllCache', everything],
        ['clearAllCache', { dryRun: true }],
        ['clearAffinities', { filter: { providerId: PROVIDER } }],
        [
          'clearSingleAffinity',
          { affinityKey: 'a-1', endpointId: 'e-1', modelId: 'gpt-5', apiFormat: 'OPENAI' },
        ],
      ] as const) {
        const answer = await promptly(() => clear(service, name, args))
        expect(answer, name).toMatchObject({
          __typename: 'UnavailableError',
          code: expect.stringMatching(/^(CACHE_UNAVAILABLE|OUTCOME_UNKNOWN)$/),
          clearedCount: 0,
        })
        expect(await lastRow(service)).toMatchObject({
          event_type: 'request_failed',
          status_code: 503,
          event_metadata: { outcome: 'done', result: { clearedCount: 0, code: answer.code } },
        })
        if (attempt === 1) expect(answer.code, name).toBe('CACHE_UNAVAILABLE')
      }
    }
    await redis.restart()
    await expect.poll(() => client.ping().catch(() => 'no answer')).toBe('PONG')
    // The service is connected again: a queued command would have been sent by now.
    await seen(service, '', 700)
    expect(await clear(service, 'clearProviderCache', { ...provider, dryRun: true })).toMatchObject({
      clearedCount: 700,
    })
    await sleep(500)
    expect(await countKeys(client, FAMILY)).toBe(700)
    expect(redis.cli('info', 'commandstats')).not.toContain('cmdstat_unlink')
  })

  it('works again by itself', async () => {
    const { service, redis } = await startBehindProxy({ records: 10 })
    await redis.kill()
    expect(await clear(service, 'clearAllCache', everything)).toMatchObject({
      __typename: 'UnavailableError',
    })
    await redis.restart()
    await seen(service, '', 10)
    expect(await clear(service, 'clearAllCache', everything)).toMatchObject({ clearedCount: 10 })
  })
})

describe('a delete whose reply never comes', () => {
  it('is OUTCOME_UNKNOWN, and runs when Redis goes on', async () => {
    const { service, redis, proxy, client } = await startBehindProxy({ records: 300 })
    proxy.onCommand(['removal'], () => redis.pause())
    const answer = await promptly(() => clear(service, 'clearProviderCache', provider))
    expect(answer).toMatchObject({ __typename: 'UnavailableError', code: 'OUTCOME_UNKNOWN', clearedCount: 0 })
    expect(answer.message).toContain('may have happened')
    expect(await lastRow(service)).toMatchObject({
      status_code: 503,
      event_metadata: { result: { clearedCount: 0, code: 'OUTCOME_UNKNOWN' } },
    })
    proxy.onCommand(['removal'], () => {})
    redis.resume()
    await expect.poll(() => countKeys(client, FAMILY)).toBe(0)
    // Repeating it is safe.
    await seen(service, '', 0)
    expect(await clear(service, 'clearProviderCache', provider)).toMatchObject({ clearedCount: 0 })
  })

  it('is OUTCOME_UNKNOWN for a single pin as well', async () => {
    const { service, redis, proxy, client } = await startBehindProxy({ records: 1 })
    proxy.onCommand(['removal'], () => redis.pause())
    const pin = { affinityKey: 'a-0', endpointId: 'e-1', modelId: 'gpt-5', apiFormat: 'OPENAI' }
    expect(await promptly(() => clear(service, 'clearSingleAffinity', pin))).toMatchObject({
      code: 'OUTCOME_UNKNOWN',
      clearedCount: 0,
    })
    proxy.onCommand(['removal'], () => {})
    redis.resume()
    await expect.poll(() => countKeys(client, FAMILY)).toBe(0)
  })

  it('is OUTCOME_UNKNOWN if the connection breaks after Redis has deleted', async () => {
    const { service, proxy, client } = await startBehindProxy({ records: 300 })
    proxy.onCommand(['unlink'], () => proxy.dropReplies())
    expect(await promptly(() => clear(service, 'clearAllCache', everything))).toMatchObject({
      code: 'OUTCOME_UNKNOWN',
      clearedCount: 0,
    })
    expect(await countKeys(client, FAMILY)).toBe(0)
  })

  it('differs from a scan that timed out: there no delete was sent', async () => {
    const { service, redis, proxy, client } = await startBehindProxy({ records: 300 })
    proxy.onCommand(['scan'], () => redis.pause())
    expect(await promptly(() => clear(service, 'clearAllCache', everything))).toMatchObject({
      code: 'CACHE_UNAVAILABLE',
      clearedCount: 0,
      message: expect.stringContaining('Nothing was changed'),
    })
    proxy.onCommand(['scan'], () => {})
    redis.resume()
    await seen(service, '', 300)
    expect(await countKeys(client, FAMILY)).toBe(300)
  })
})

describe('a clear that Redis stops in the middle of', () => {
  it('tells how many records are confirmed gone: clearAllCache', async () => {
    const { service, redis, proxy, client } = await startBehindProxy({ records: 2_600 })
    // A step of the scan decides how many records a batch has.
    let batches = 0
    let left = 2_600
    proxy.onCommand(['unlink'], async () => {
      batches += 1
      if (batches !== 3) return
      left = await countKeys(client, FAMILY)
      await redis.kill()
    })
    const answer = await promptly(() => clear(service, 'clearAllCache', everything))
    expect(answer).toMatchObject({ __typename: 'UnavailableError', clearedCount: 2_600 - left })
    expect(left).toBeLessThan(2_600)
    // The third was sent as the connection broke: it has not run, but nobody could tell.
    expect(answer.code).toBe('OUTCOME_UNKNOWN')
    expect(answer.message).not.toContain('Nothing was changed')
    expect(await lastRow(service)).toMatchObject({
      event_type: 'request_failed',
      event_metadata: { result: { clearedCount: 2_600 - left, code: 'OUTCOME_UNKNOWN' } },
    })

    await redis.restart()
    await seen(service, '', left)
    expect(await countKeys(client, FAMILY)).toBe(left)
    expect(await clear(service, 'clearAllCache', everything)).toMatchObject({ clearedCount: left })
    expect(await countKeys(client, FAMILY)).toBe(0)
  })

  it('tells how many records are confirmed gone, and no more: clearProviderCache', async () => {
    const { service, redis, proxy, client } = await startBehindProxy({ records: 2_600 })
    // Five calls of a hundred pins are sent together, and TCP may deliver them in any pieces.
    let isDown = false
    proxy.onCommand(['removal'], async () => {
      // A look that is under way when Redis goes gets no answer.
      const size = isDown ? undefined : await client.dbsize().catch(() => undefined)
      if (isDown || size === undefined || size > 2_000) return
      isDown = true
      await redis.kill()
    })
    const answer = await promptly(() => clear(service, 'clearProviderCache', provider))
    expect(answer).toMatchObject({ __typename: 'UnavailableError', code: 'OUTCOME_UNKNOWN' })
    expect(await lastRow(service)).toMatchObject({
      event_metadata: { result: { clearedCount: answer.clearedCount, code: 'OUTCOME_UNKNOWN' } },
    })
    proxy.onCommand(['removal'], () => {})

    await redis.restart()
    await expect.poll(() => client.ping().catch(() => 'no answer')).toBe('PONG')
    const left = await countKeys(client, FAMILY)
    expect(left).toBeGreaterThan(0)
    expect(answer.clearedCount).toBeGreaterThanOrEqual(500)
    expect(answer.clearedCount).toBeLessThanOrEqual(2_600 - left)
    await seen(service, '', left)
    expect(await clear(service, 'clearProviderCache', provider)).toMatchObject({ clearedCount: left })
    expect(await countKeys(client, FAMILY)).toBe(0)
  })

  it('counts the removed records if the next scan fails', async () => {
    const { service, redis, proxy, client } = await startBehindProxy({ records: 5_000 })
    let looks = 0
    proxy.onCommand(['scan'], () => {
      looks += 1
      if (looks === 2) redis.pause()
    })
    const answer = await promptly(() => clear(service, 'clearAllCache', everything))
    expect(answer).toMatchObject({ __typename: 'UnavailableError', code: 'CACHE_UNAVAILABLE' })
    expect(answer.message).not.toContain('Nothing was changed')
    proxy.onCommand(['scan'], () => {})
    redis.resume()
    await expect.poll(() => client.dbsize()).toBeLessThan(5_000)
    expect(answer.clearedCount).toBeGreaterThanOrEqual(500)
    expect(await countKeys(client, FAMILY)).toBe(5_000 - answer.clearedCount)
  })
})

describe('a clear that Redis refuses', () => {
  it('has not happened: a replica after a failover, READONLY', async () => {
    const { service, redis, client } = await startBehindProxy({ records: 50 })
    redis.cli('replicaof', '127.0.0.1', '1')
    for (const [name, args] of [
      ['clearProviderCache', provider],
      [
        'clearSingleAffinity',
        { affinityKey: 'a-1', endpointId: 'e-1', modelId: 'gpt-5', apiFormat: 'OPENAI' },
      ],
    ] as const) {
      expect(await promptly(() => clear(service, name, args))).toMatchObject({
        __typename: 'UnavailableError',
        code: 'CACHE_UNAVAILABLE',
        clearedCount: 0,
      })
      await seen(service, '', 50)
    }
    redis.cli('replicaof', 'no', 'one')
    await seen(service, '', 50)
    await sleep(300)
    expect(await countKeys(client, FAMILY)).toBe(50)
    expect(await clear(service, 'clearProviderCache', provider)).toMatchObject({ clearedCount: 50 })
  })

  it('has not happened: an account without the right, NOPERM', async () => {
    const { service, redis, client } = await startBehindProxy({ records: 50 })
    redis.cli('acl', 'setuser', 'default', '-unlink')
    const single = { affinityKey: 'a-1', endpointId: 'e-1', modelId: 'gpt-5', apiFormat: 'OPENAI' }
    for (const [name, args] of [
      ['clearAllCache', everything],
      ['clearAllCache', everything],
      ['clearProviderCache', provider],
      ['clearSingleAffinity', single],
    ] as const)
      expect(await clear(service, name, args)).toMatchObject({ code: 'CACHE_UNAVAILABLE', clearedCount: 0 })
    expect(await countKeys(client, FAMILY)).toBe(50)
    // The log names the missing right once, and not at each attempt.
    const told = service.logs.filter(
      ({ msg }) => msg === 'the cache refuses a command: its user lacks a right',
    )
    expect(told).toMatchObject([
      { level: 50, command: 'unlink', reason: expect.stringContaining("'unlink'") },
      { level: 50, command: 'eval', reason: expect.stringContaining('executing the script') },
    ])
    redis.cli('acl', 'setuser', 'default', '+unlink')
    expect(await clear(service, 'clearProviderCache', provider)).toMatchObject({ clearedCount: 50 })
  })
})

describe('a clear that is done', () => {
  it('stays done where the gateways’ count of invalidations cannot be raised', async () => {
    const { service, redis, proxy, client } = await startBehindProxy({ records: 50 })
    proxy.onCommand(['hincrby'], () => redis.pause())
    const answer = await promptly(() => clear(service, 'clearProviderCache', provider))
    expect(answer).toMatchObject({ clearedCount: 50, auditEvent: { success: true } })
    redis.resume()
    await expect.poll(() => countKeys(client, FAMILY)).toBe(0)
  })

  it('reports the right number of remaining records, while others clear the same', async () => {
    const { service, client } = await startBehindProxy()
    await seen(service, '', FIXTURE_AFFINITIES)
    const before = await countKeys(client, FAMILY)
    const answers = await Promise.all([
      ...Array.from({ length: 5 }, () => clear(service, 'clearAffinities', { filter: { stale: true } })),
      ...Array.from({ length: 5 }, () => clear(service, 'clearUserCache', { identifier: 'bob' })),
    ])
    const gone = answers.reduce((sum, { clearedCount }) => sum + clearedCount, 0)
    expect(before - (await countKeys(client, FAMILY))).toBe(gone)
  })
})
