/** Two administrators clear the same records at once, each through another instance of the service. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { sql } from '../api/affinity-model.js'
import { type Clear, clear, countKeys, seen } from '../api/clearing.js'
import { startTestApp, type TestApp } from '../support/app.js'
import { FIXTURE_ADMIN } from '../support/fixtures.js'
import { PROVIDER, recordOf, startBehindProxy } from './behind-proxy.js'

const RECORDS = 1_200
const LOGIN =
  'mutation ($e: String!, $p: String!) { login(email: $e, password: $p) { ... on Session { token } } }'

async function tokenOf(service: TestApp): Promise<string> {
  const { email, password } = FIXTURE_ADMIN
  const { data } = await service.query(LOGIN, { e: email, p: password }, { token: null })
  return data.login.token
}

const clearsIn = (databaseUrl: string) =>
  sql(
    databaseUrl,
    `SELECT event_type, event_metadata ->> 'actor' AS actor, user_id, (event_metadata -> 'result' ->> 'clearedCount')::int AS cleared
       FROM audit_logs WHERE event_metadata ->> 'action' LIKE 'cache_clear%' ORDER BY actor`,
  )

it.each<[Clear, Clear, object, object]>([
  ['clearProviderCache', 'clearProviderCache', { providerId: PROVIDER }, { providerId: PROVIDER }],
  ['clearProviderCache', 'clearAllCache', { providerId: PROVIDER }, { confirm: true }],
  ['clearAllCache', 'clearAffinities', { confirm: true }, { filter: { providerId: PROVIDER } }],
])(
  '%s in the middle of which another does %s: each record is counted once, by whom it went',
  async (mine, theirs, args, their) => {
    const { service, redis, proxy, client } = await startBehindProxy({
      records: RECORDS,
      env: { CLEAR_GUARD_SECONDS: '5' },
    })
    const { databaseUrl } = service
    const other = await startTestApp({
      redis: 'empty',
      env: { DATABASE_URL: databaseUrl, REDIS_URL: redis.url, CLEAR_GUARD_SECONDS: '5' },
    })
    onTestFinished(() => other.close())
    await seen(other, '', RECORDS)
    const token = await tokenOf(other)

    let clearOfOther: ReturnType<typeof clear> | undefined
    proxy.onCommand(['unlink', 'removal'], async () => {
      // When 500 are gone, my removal waits for the removals of the other, and no longer: it would be called too late.
      if (clearOfOther || (await countKeys(client, 'cache_affinity:')) > RECORDS - 500) return
      clearOfOther = clear(other, theirs, their, '', { token })
      await expect.poll(() => countKeys(client, 'cache_affinity:'), { interval: 5 }).toBe(0)
    })
    const first = await clear(service, mine, args)
    const second = await clearOfOther

    expect([first.clearedCount, second.clearedCount]).toEqual([500, RECORDS - 500])
    expect([first.auditEvent, second.auditEvent]).toMatchObject([
      { success: true, actorName: 'tests' },
      { success: true, actorName: 'root' },
    ])
    expect(await clearsIn(databaseUrl)).toMatchObject([
      { event_type: 'request_success', actor: 'root', user_id: FIXTURE_ADMIN.id, cleared: RECORDS - 500 },
      { event_type: 'request_success', actor: 'tests', user_id: null, cleared: 500 },
    ])
    expect(await countKeys(client, 'cache_affinity:')).toBe(0)

    // A new pin of a gateway stays, although the guards of both instances are still active.
    await client.set('cache_affinity:a-1:OPENAI:gpt-5', recordOf(), 'EX', 3_600)
    for (const instance of [service, other]) await seen(instance, '', 1)
    await sleep(1_000)
    expect(await countKeys(client, 'cache_affinity:')).toBe(1)
  },
)
