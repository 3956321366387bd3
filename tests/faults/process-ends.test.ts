/** The service as a process that ends in the middle of its work. */

import { describe, expect, it, onTestFinished } from 'vitest'
import { sql } from '../api/affinity-model.js'
import { ADMIN_TOKEN, ADMIN_TOKENS } from '../support/app.js'
import { measured } from '../support/figures.js'
import { FIXTURE_ENVIRONMENT } from '../support/fixtures.js'
import { startService } from '../support/process.js'
import { temporaryDirectory } from '../support/servers/child.js'
import { startRedis } from '../support/servers/redis.js'
import { freshDatabase } from '../support/servers/shared.js'
import { slowTable } from '../support/slow-table.js'
import { PROVIDER, recordOf } from './behind-proxy.js'
import { startRedisProxy } from './redis-proxy.js'

const RECORDS = 100_000
/** A clear by provider compares and removes so many at a time, each time all or none. */
const AT_ONCE = 100
const FILL = `for n = 1, ${RECORDS} do redis.call('SET', 'cache_affinity:a-' .. n .. ':OPENAI:gpt-5', ARGV[1], 'EX', 3600) end`
const CLEAR = `mutation { clearProviderCache(providerId: "${PROVIDER}") {
  ... on ClearProviderCachePayload { clearedCount auditEvent { id success } } ... on Error { code message } } }`

/** A gateway's stores, and the service as a process beside them. */
async function world(records: number) {
  const redis = await startRedis()
  onTestFinished(() => redis.stop())
  const client = redis.client()
  if (records > 0) await client.eval(FILL.replace(String(RECORDS), String(records)), 0, recordOf())
  const proxy = await startRedisProxy(redis.port)
  onTestFinished(() => proxy.stop())
  const databaseUrl = freshDatabase()
  const env = {
    DATABASE_URL: databaseUrl,
    REDIS_URL: proxy.url,
    ...FIXTURE_ENVIRONMENT,
    ADMIN_TOKENS,
    AUDIT_SPOOL_DIR: temporaryDirectory('spool'),
    PORT: '0',
  }
  const start = async () => {
    const service = startService(env)
    const [, url = ''] = await service.line(/(http:\/\/127\.0\.0\.1:\d+)\/graphql/)
    await expect.poll(async () => (await fetch(`${url}/health/ready`)).status).toBe(200)
    return { service, url }
  }
  return { client, proxy, databaseUrl, start }
}

const post = (url: string, query: string, accept = 'application/json') =>
  fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept, authorization: `Bearer ${ADMIN_TOKEN}` },
    body: JSON.stringify({ query }),
  })
const total = async (url: string) =>
  (await (await post(url, '{ affinities { totalCount } }')).json()).data.affinities.totalCount

const auditRows = (databaseUrl: string) =>
  sql(databaseUrl, 'SELECT id, event_type, event_metadata FROM audit_logs ORDER BY created_at')

/** Where a delete takes 1.5 s, on a machine that is far too busy, a clear is given up as it should be: that alone is tried again. */
const AGAIN = { retry: { count: 2, condition: /OUTCOME_UNKNOWN/ }, timeout: 120_000 }

describe('killed in the middle of a clear of 100,000', () => {
  it('leaves its audit row as begun, the rest as it was, and a second clear finishes', AGAIN, async () => {
    const { client, proxy, databaseUrl, start } = await world(RECORDS)
    const first = await start()
    let batches = 0
    proxy.onCommand(['eval'], () => {
      batches += 1
      if (batches === 50) first.service.kill('SIGKILL')
    })
    const ended = await post(first.url, CLEAR).then(
      (reply) => reply.text(),
      () => 'cut',
    )
    expect(ended, ended).toBe('cut')
    await first.service.exit
    // What was on its way may have arrived, or not.
    const left = await client.dbsize()
    expect(left).toBeGreaterThan(0)
    expect(left).toBeLessThanOrEqual(RECORDS - 49 * AT_ONCE)
    expect(left % AT_ONCE).toBe(0)
    const [begun, ...others] = await auditRows(databaseUrl)
    expect(others).toEqual([])
    expect(begun).toMatchObject({ event_type: 'request_failed' })
    expect(JSON.stringify(begun?.['event_metadata'])).not.toContain('"result"')

    const second = await measured('killed in a clear of 100,000: ready again', start)
    const report = await second.service.line(/without an outcome/)
    expect(report.input).toContain(String(begun?.id))
    expect(await total(second.url)).toBe(left)
    const answer = await measured(`clear of the other ${left}`, async () =>
      (await post(second.url, CLEAR)).json(),
    )
    expect(answer.data.clearProviderCache).toMatchObject({
      clearedCount: left,
      auditEvent: { success: true },
    })
    expect(await client.dbsize()).toBe(await client.exists('cache_stats:affinity'))
    expect((await auditRows(databaseUrl)).map((row) => row['event_type'])).toEqual([
      'request_failed',
      'request_success',
    ])
  })
})

describe('killed between the last delete and the outcome', () => {
  it('has the records gone and the audit row begun, and says so at the next start', async () => {
    const { client, proxy, databaseUrl, start } = await world(2_000)
    const first = await start()
    // The gateways' counter of invalidations: raised when all is deleted, before the outcome is written.
    proxy.onCommand(['hincrby'], () => first.service.kill('SIGKILL'))
    await expect(post(first.url, CLEAR).then((reply) => reply.text())).rejects.toThrow()
    await first.service.exit
    expect(await client.exists('cache_affinity:a-1:OPENAI:gpt-5', 'cache_affinity:a-2000:OPENAI:gpt-5')).toBe(
      0,
    )
    const [begun, ...others] = await auditRows(databaseUrl)
    expect(others).toEqual([])
    expect(begun).toMatchObject({ event_type: 'request_failed' })
    expect(JSON.stringify(begun?.['event_metadata'])).not.toContain('"result"')

    proxy.onCommand(['hincrby'], () => {})
    const second = await start()
    const report = await second.service.line(/without an outcome/)
    expect(report.input).toContain(String(begun?.id))
    expect(await total(second.url)).toBe(0)
    expect((await (await post(second.url, CLEAR)).json()).data.clearProviderCache).toMatchObject({
      clearedCount: 0,
      auditEvent: { success: true },
    })
  })
})

describe('SIGTERM', () => {
  it(
    'with queries, a clear and subscriptions open: each gets its answer, and the exit code is 0',
    AGAIN,
    async () => {
      const { client, proxy, databaseUrl, start } = await world(2_000)
      const { service, url } = await start()
      const streams = await Promise.all(
        Array.from({ length: 20 }, () =>
          post(url, 'subscription { affinityEvents { type } }', 'text/event-stream'),
        ),
      )
      await slowTable(databaseUrl, 'users', 1)
      const queries = Array.from({ length: 2 }, () => post(url, '{ affinities(search: "a") { totalCount } }'))
      let isTold = false
      proxy.onCommand(['eval'], () => {
        if (!isTold) service.kill('SIGTERM')
        isTold = true
      })
      const clear = post(url, CLEAR)
      // The streams end by themselves: nobody waits for a dashboard.
      for (const stream of streams) expect(await stream.text()).toContain('event: complete')
      expect(isTold).toBe(true)
      for (const query of queries)
        expect((await (await query).json()).data.affinities).toEqual({ totalCount: expect.any(Number) })
      const cleared = await (await clear).json()
      expect(cleared.data.clearProviderCache, JSON.stringify(cleared)).toMatchObject({
        clearedCount: 2_000,
        auditEvent: { success: true },
      })
      expect(await measured('SIGTERM with queries, a clear and 20 streams: exit', () => service.exit)).toBe(0)
      expect(await client.exists('cache_affinity:a-1:OPENAI:gpt-5')).toBe(0)
      expect(await auditRows(databaseUrl)).toMatchObject([{ event_type: 'request_success' }])
      await expect(fetch(url)).rejects.toThrow()
    },
  )
})
