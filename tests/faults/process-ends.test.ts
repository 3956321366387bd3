/** Tests of the service as a process that ends in the middle of its work. */

import { describe, expect, it, onTestFinished } from 'vitest'
import { sql } from '../api/affinity-model.js'
import { ADMIN_TOKEN, ADMIN_TOKENS } from '../support/app.js'
import { measured } from '../support/figures.js'
import { FIXTURE_ENVIRONMENT } from '../support/fixtures.js'
import { slowTable } from '../support/odd-table.js'
import { startService } from '../support/process.js'
import { temporaryDirectory } from '../support/servers/child.js'
import { startRedis } from '../support/servers/redis.js'
import { freshDatabase } from '../support/servers/shared.js'
import { PROVIDER, recordOf } from './behind-proxy.js'
import { type RedisProxy, startRedisProxy } from './redis-proxy.js'

const RECORDS = 3_000
/** Three batches: no machine is so busy that one of them takes the 1.5 s after which a clear is given up. */
const FEW = 300
/** A clear by provider compares and removes so many at a time, each time all or none. */
const AT_ONCE = 100
/** A clear looks at the stop after so many. */
const UNTIL_STOP = 2_000
/** The batch that is on its way when the process is killed. */
const LAST = 10
const FILL = `for n = 1, ${RECORDS} do redis.call('SET', 'cache_affinity:a-' .. n .. ':OPENAI:gpt-5', ARGV[1], 'EX', 3600) end`
const CLEAR = `mutation { clearProviderCache(providerId: "${PROVIDER}") {
  ... on ClearProviderCachePayload { clearedCount auditEvent { id success } } ... on Error { code message }
  ... on UnavailableError { clearedCount } } }`

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
    // A stop waits for guard windows, which tests/faults/stop is about.
    CLEAR_GUARD_SECONDS: '0',
    PORT: '0',
  }
  const start = async () => {
    const service = startService(env)
    const [, url = ''] = await service.line(/(http:\/\/127\.0\.0\.1:\d+)\/graphql/)
    await expect.poll(async () => (await fetch(`${url}/health/ready`)).status).toBe(200)
    // The first request of a process is slow on a busy machine; what is timed here comes after it.
    await expect.poll(() => total(url)).toBeTypeOf('number')
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
  (await (await post(url, '{ affinities { totalCount } }')).json()).data?.affinities.totalCount

/** What the client got: the text of the answer, or none. */
const outcomeOf = (reply: Promise<Response>): Promise<string> =>
  reply.then((response) => response.text()).catch(() => 'cut')

/** Holds the deletes of clears on their way to Redis. Resolves when the first one waits. */
const held = (proxy: RedisProxy) =>
  new Promise<void>((resolve) => {
    proxy.onCommand(['removal'], () => {
      resolve()
      return new Promise(() => {})
    })
  })

const auditRows = (databaseUrl: string) =>
  sql(databaseUrl, 'SELECT id, event_type, event_metadata FROM audit_logs ORDER BY created_at')

describe('killed in the middle of a clear of 3,000', () => {
  it('leaves its audit row as begun, the rest as it was, and a second clear finishes', async () => {
    const { client, proxy, databaseUrl, start } = await world(RECORDS)
    const first = await start()
    let batches = 0
    proxy.onCommand(['removal'], () => {
      batches += 1
      if (batches === LAST) first.service.kill('SIGKILL')
    })
    const ended = await outcomeOf(post(first.url, CLEAR))
    expect(ended, ended).toBe('cut')
    await first.service.exit
    // What was on its way may have arrived, or not.
    const left = await client.dbsize()
    expect(left).toBeGreaterThan(0)
    expect(left).toBeLessThanOrEqual(RECORDS - (LAST - 1) * AT_ONCE)
    expect(left % AT_ONCE).toBe(0)
    const [begun, ...others] = await auditRows(databaseUrl)
    expect(others).toEqual([])
    expect(begun).toMatchObject({ event_type: 'request_failed' })
    expect(JSON.stringify(begun?.['event_metadata'])).not.toContain('"result"')

    const second = await measured('killed in a clear of 3,000: ready again', start)
    const report = await second.service.line(/without an outcome/)
    expect(report.input).toContain(String(begun?.id))
    await expect.poll(() => total(second.url)).toBe(left)
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
    const { client, proxy, databaseUrl, start } = await world(FEW)
    const first = await start()
    // The gateways' counter of invalidations: raised when all is deleted, before the outcome is written.
    proxy.onCommand(['hincrby'], () => first.service.kill('SIGKILL'))
    await expect(post(first.url, CLEAR).then((reply) => reply.text())).rejects.toThrow()
    await first.service.exit
    expect(await client.exists('cache_affinity:a-1:OPENAI:gpt-5', 'cache_affinity:a-300:OPENAI:gpt-5')).toBe(
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
    await expect.poll(() => total(second.url)).toBe(0)
    expect((await (await post(second.url, CLEAR)).json()).data.clearProviderCache).toMatchObject({
      clearedCount: 0,
      auditEvent: { success: true },
    })
  })
})

describe('SIGTERM', () => {
  it('with queries, a clear and subscriptions open: each gets its answer, and the exit code is 0', async () => {
    const { client, proxy, databaseUrl, start } = await world(FEW)
    const { service, url } = await start()
    const streams = await Promise.all(
      Array.from({ length: 20 }, () =>
        post(url, 'subscription { affinityEvents { type } }', 'text/event-stream'),
      ),
    )
    await slowTable(databaseUrl, 'users', 1)
    const queries = Array.from({ length: 2 }, () =>
      outcomeOf(post(url, '{ affinities(search: "a") { totalCount } }')),
    )
    const isTold = new Promise<void>((resolve) => {
      proxy.onCommand(['removal'], () => {
        service.kill('SIGTERM')
        proxy.onCommand(['removal'], () => {})
        resolve()
      })
    })
    const clear = outcomeOf(post(url, CLEAR))
    await isTold
    // The service ends the streams itself, so that a dashboard does not delay the stop.
    for (const stream of streams) expect(await stream.text()).toContain('event: complete')
    for (const query of await Promise.all(queries))
      expect(JSON.parse(query)).toMatchObject({ data: { affinities: { totalCount: expect.any(Number) } } })
    expect(JSON.parse(await clear)).toMatchObject({
      data: { clearProviderCache: { clearedCount: FEW, auditEvent: { success: true } } },
    })
    expect(await measured('SIGTERM with queries, a clear and 20 streams: exit', () => service.exit)).toBe(0)
    expect(await client.exists('cache_affinity:a-1:OPENAI:gpt-5')).toBe(0)
    expect(await auditRows(databaseUrl)).toMatchObject([{ event_type: 'request_success' }])
    await expect(fetch(url)).rejects.toThrow()
  })
})

describe('SIGTERM in a clear of 3,000', () => {
  it('ends it after the batch that is on its way: the answer and the audit event say how many are gone', async () => {
    const { client, proxy, databaseUrl, start } = await world(RECORDS)
    const first = await start()
    proxy.onCommand(['removal'], () => {
      first.service.kill('SIGTERM')
      proxy.onCommand(['removal'], () => {})
    })
    const answer = JSON.parse(await outcomeOf(post(first.url, CLEAR)))
    expect(answer.data.clearProviderCache).toEqual({
      code: 'OUTCOME_UNKNOWN',
      message: expect.stringContaining('was stopped in the middle of the clear'),
      clearedCount: UNTIL_STOP,
    })
    expect(await first.service.exit).toBe(0)
    expect(await auditRows(databaseUrl)).toMatchObject([
      {
        event_type: 'request_failed',
        event_metadata: { outcome: 'done', result: { code: 'OUTCOME_UNKNOWN', clearedCount: UNTIL_STOP } },
      },
    ])
    const second = await start()
    expect(second.service.lines.filter((line) => line.includes('without an outcome'))).toEqual([])
    await expect.poll(() => total(second.url)).toBe(RECORDS - UNTIL_STOP)
    expect((await (await post(second.url, CLEAR)).json()).data.clearProviderCache).toMatchObject({
      clearedCount: RECORDS - UNTIL_STOP,
    })
    expect(await client.exists('cache_affinity:a-1:OPENAI:gpt-5', 'cache_affinity:a-3000:OPENAI:gpt-5')).toBe(
      0,
    )
  })
})

describe('a second signal', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s ends what runs, and the exit code is %i', async (signal, code) => {
    const { proxy, databaseUrl, start } = await world(FEW)
    const { service, url } = await start()
    await slowTable(databaseUrl, 'users', 4)
    // The first signal alone would wait for it.
    const query = outcomeOf(post(url, '{ affinities(search: "a") { totalCount } }'))
    const isHeld = held(proxy)
    const clear = outcomeOf(post(url, CLEAR))
    await isHeld
    service.kill(signal)
    // Two signals of one kind that wait at once are one: the first must have been taken.
    const ready = () =>
      fetch(`${url}/health/ready`).then(
        ({ status }) => status,
        () => 'closed',
      )
    await expect.poll(ready).not.toBe(200)
    service.kill(signal)
    expect(await measured(`${signal} twice in a clear: exit`, () => service.exit)).toBe(code)
    expect(await query).toBe('cut')
    await clear
    expect(await auditRows(databaseUrl)).toMatchObject([
      {
        event_type: 'request_failed',
        event_metadata: { outcome: 'done', result: { code: 'OUTCOME_UNKNOWN' } },
      },
    ])
  })
})

describe('an instance that starts', () => {
  it('does not report the running clear of another one, and reports it once that one is gone', async () => {
    const { proxy, databaseUrl, start } = await world(FEW)
    const first = await start()
    const isHeld = held(proxy)
    const clear = outcomeOf(post(first.url, CLEAR))
    await isHeld
    // It stays in the middle of its clear, for as long as the second needs to start.
    first.service.kill('SIGSTOP')
    const [begun] = await auditRows(databaseUrl)
    const second = await start()
    expect(second.service.lines.filter((line) => line.includes('without an outcome'))).toEqual([])
    first.service.kill('SIGKILL')
    await first.service.exit
    expect(await clear).toBe('cut')
    const third = await start()
    const report = await third.service.line(/without an outcome/)
    expect(report.input).toContain(String(begun?.['id']))
  })
})
