import { createHash } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import pg from 'pg'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { STREAM_LIMITS } from '../../src/util/open-streams.js'
import { startTestApp } from '../support/app.js'
import { FIXTURE_ADMIN, fixtureSql } from '../support/fixtures.js'
import { writePin } from '../support/pin.js'
import { startPostgres } from '../support/servers/postgres.js'
import { type Subscription, subscribe } from '../support/subscribe.js'

/** How often the service asks whether a stream's viewer may still read. */
const REVIEW_MS = 3_000

const until = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 15_000, interval: 20 })

/** A service on a PostgreSQL of its own, and an administrator's token. */
async function startService() {
  const postgres = await startPostgres()
  onTestFinished(() => postgres.stop())
  const databaseUrl = postgres.createDatabase('gateway')
  const { schema, data } = fixtureSql()
  postgres.psql(databaseUrl, schema)
  postgres.psql(databaseUrl, data)
  const service = {
    ...(await startTestApp({ redis: 'empty', env: { DATABASE_URL: databaseUrl } })),
    databaseUrl,
  }
  onTestFinished(() => service.close())
  const answer = await service.query(
    'mutation ($e: String!, $p: String!) { login(email: $e, password: $p) { ... on Session { token } } }',
    { e: FIXTURE_ADMIN.email, p: FIXTURE_ADMIN.password },
    { token: null },
  )
  return { service, postgres, token: String(answer.data.login.token) }
}

/** Its last answer is this error, and it has ended. */
async function expectEnd(stream: Subscription, code: string): Promise<void> {
  await until(() => expect(stream.hasEnded()).toBe(true))
  expect(stream.answers().at(-1)).toMatchObject({ errors: [{ extensions: { code } }] })
}

const STATISTICS = 'subscription { cacheStats(intervalSeconds: 60) { storageType } }'
const EVENTS = 'subscription { affinityEvents { type } }'
const STALE = 'subscription { affinityEvents(filter: { stale: true }) { type } }'

/** Waits until it is told something, so that the stream is open. */
const isOpen = (stream: Subscription) => until(() => expect(stream.answers()).toHaveLength(1))

describe('a stream says why it ends', () => {
  afterEach(() => void vi.useRealTimers())

  /** From now on intervals are the test's; all that the service has begun before goes on by the real clock. */
  const holdIntervals = () => vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const review = () => vi.advanceTimersByTimeAsync(REVIEW_MS)
  /** Leaves a check that has begun time enough for its answer. */
  const answered = () => setTimeout(200)

  it.each([
    ['affinityEvents', EVENTS],
    ['cacheStats', STATISTICS],
  ])('%s: where the database is away when the viewer is looked up again', async (_name, query) => {
    const { service, postgres, token } = await startService()
    holdIntervals()
    const stream = await subscribe(service, query, token)
    if (query === STATISTICS) await isOpen(stream)
    await review()
    expect(stream.hasEnded()).toBe(false)
    await postgres.kill()
    await until(async () => {
      await review()
      expect(stream.hasEnded()).toBe(true)
    })
    await expectEnd(stream, 'DATABASE_UNAVAILABLE')
  })

  it('but does not end where the database stalls; then it ends for an account that was demoted', async () => {
    const { service, token } = await startService()
    holdIntervals()
    const stream = await subscribe(service, EVENTS, token)
    const operator = new pg.Client(service.databaseUrl)
    await operator.connect()
    await operator.query('BEGIN; LOCK TABLE users')
    for (let n = 0; n < 4; n += 1) await review()
    await operator.query('COMMIT')
    await answered()
    await review()
    expect(stream.hasEnded()).toBe(false)
    await operator.query("UPDATE users SET role = 'user' WHERE username = 'root'")
    await operator.end()
    await until(async () => {
      await answered()
      await review()
      expect(stream.hasEnded()).toBe(true)
    })
    await expectEnd(stream, 'FORBIDDEN')
  })

  it('when the viewer may not read any more', async () => {
    const { service, token } = await startService()
    holdIntervals()
    const stream = await subscribe(service, EVENTS, token)
    const hash = createHash('sha256').update(token).digest('hex')
    await service.redis.client().set(`jwt:blacklist:${hash}`, '1', 'EX', 60)
    await review()
    await expectEnd(stream, 'UNAUTHENTICATED')
  })

  it('when a row that the filter needs cannot be read', async () => {
    const { service, postgres } = await startService()
    const gateway = service.redis.client()
    const fail = async (n: number) => {
      const stream = await subscribe(service, STALE)
      await until(async () => {
        await writePin(gateway, { affinityKey: `a-${n}`, requestCount: Math.floor(performance.now()) })
        expect(stream.hasEnded()).toBe(true)
      })
      await expectEnd(stream, 'DATABASE_UNAVAILABLE')
    }
    await postgres.kill()
    // Failed streams do not count, so that more than the limit of a viewer can be opened.
    for (let n = 0; n <= STREAM_LIMITS.perViewer; n += 1) await fail(n)
  }, 60_000)

  it('except for statistics: while the cache is down each answer has the error', async () => {
    const { service } = await startService()
    const stream = await subscribe(
      service,
      'subscription { cacheStats(intervalSeconds: 1) { totalAffinities } }',
    )
    await isOpen(stream)
    await service.redis.kill()
    await until(() =>
      expect(stream.answers().at(-1)).toMatchObject({
        errors: [{ extensions: { code: 'CACHE_UNAVAILABLE' } }],
      }),
    )
    expect(stream.hasEnded()).toBe(false)
    await service.redis.restart()
    await until(() => expect(stream.answers().at(-1)).toMatchObject({ data: { cacheStats: {} } }))
    expect(stream.answers().at(-1)).not.toHaveProperty('errors')
  })
})
