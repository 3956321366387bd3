import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Finding } from '../../src/cli/doctor/finding.js'
import { findings } from '../../src/cli/doctor/findings.js'
import { redisStandInStore } from '../../src/demo/stand-in/stand-in-store.js'
import { keyOf, stored } from '../affinities/feed/feed-support.js'
import { startStandIn, TOKEN } from '../gateway/nodes/nodes-support.js'
import { againAndAgain } from '../support/again-and-again.js'
import { FIXTURE_ENVIRONMENT } from '../support/fixtures.js'
import { startPgBouncer } from '../support/servers/pgbouncer.js'
import { psql, startPostgres } from '../support/servers/postgres.js'
import { type DatabaseContents, freshDatabase, freshRedis } from '../support/servers/shared.js'

async function beside(contents: DatabaseContents = 'schema') {
  const redis = await freshRedis('empty')
  return {
    redis: redis.client(),
    url: redis.url,
    env: { DATABASE_URL: freshDatabase(contents), REDIS_URL: redis.url, ...FIXTURE_ENVIRONMENT },
  }
}

async function saidOf(check: Finding['check'], env: Readonly<Record<string, string>>): Promise<string[]> {
  const said: string[] = []
  for await (const finding of findings(env)) {
    if (finding.check === check) said.push(`${finding.state}: ${finding.message}`)
  }
  return said
}

describe('the doctor and the clock of the gateway', () => {
  /** Writes records as a gateway does whose clock is ahead of Redis's. */
  async function write(redis: Redis, from: number, count: number, aheadSeconds: number, isWhole = false) {
    const pipeline = redis.pipeline()
    for (let n = from; n < from + count; n += 1) {
      const expiresMs = Date.now() + 300_000
      const written = expiresMs / 1_000 + aheadSeconds
      const value = stored({ expire_at: isWhole ? Math.floor(written) : written })
      // A moment and no TTL: however late the command arrives, the clocks are so far apart.
      pipeline.set(keyOf(n), value, 'PXAT', expiresMs)
    }
    await pipeline.exec()
  }
  const ofGateway = async (env: Readonly<Record<string, string>>) => (await saidOf('clocks', env)).at(-1)

  it('agrees with one that is right, also where it writes whole seconds', async () => {
    const { redis, env } = await beside()
    await write(redis, 0, 40, 0)
    await write(redis, 40, 20, 0, true)
    await redis.set(keyOf(60), stored({ expire_at: 1 }))
    expect(await ofGateway(env)).toBe(
      'ok: The clocks of the gateway and of Redis agree, by 60 of 60 records.',
    )
  })

  it.each([
    [-30, '30.0 s behind'],
    [30, '30.0 s ahead of'],
  ])('tells one that is %i s away, and what that means', async (ahead, away) => {
    const { redis, env } = await beside()
    await write(redis, 0, 50, ahead)
    expect(await ofGateway(env)).toMatch(
      `warning: The gateway’s clock is ${away} Redis’s, by 50 of 50 records: the times that it writes are wrong by so much`,
    )
  })

  it('tells a second gateway, whose clock is another', async () => {
    const { redis, env } = await beside()
    await write(redis, 0, 50, 0)
    await write(redis, 50, 10, -45)
    expect(await ofGateway(env)).toBe(
      'ok: The clocks of the gateway and of Redis agree, by 50 of 60 records. The others were written by another clock, up to 45.0 s behind Redis’s, or their TTLs were changed by hand.',
    )
  })

  it('does not know it without a record', async () => {
    const { redis, env } = await beside()
    await redis.set(keyOf(1), stored({}))
    await redis.set('another', 'key', 'EX', 300)
    await redis.set(keyOf(2), 'no record', 'EX', 300)
    expect(await ofGateway(env)).toBe(
      'ok: The gateway’s clock is not known yet: Redis has no record of an affinity.',
    )
  })
})

it.each([
  ['schema', /^warning: GATEWAY_URLS is not set, so pins that are in use come back/],
  ['provider-keys', /^warning: GATEWAY_URLS is not set, so pins that are in use come back/],
  ['process-memory', /^warning: GATEWAY_URLS is not set, so every clear is refused/],
] as const)('the doctor tells what clears cannot do without nodes, beside %s', async (contents, told) => {
  const { env } = await beside(contents)
  expect(await saidOf('nodes', env)).toEqual([expect.stringMatching(told)])
})

describe('the doctor and sessions of the database', () => {
  it('tells what they have', async () => {
    const { env } = await beside()
    expect(await saidOf('session', env)).toEqual([
      'ok: Sessions may write, have the time zone UTC, and wait up to 5s for a statement and 1500ms for a lock.',
    ])
  })

  it('tells that they may only read', async () => {
    const { env } = await beside()
    psql(
      env.DATABASE_URL,
      `ALTER DATABASE ${new URL(env.DATABASE_URL).pathname.slice(1)} SET default_transaction_read_only = on`,
    )
    expect(await saidOf('session', env)).toEqual([
      expect.stringMatching(/^failed: The database is read-only, .*; default_transaction_read_only is on/),
    ])
  })

  it('tells that the database is a standby', { timeout: 60_000 }, async () => {
    const server = await startPostgres()
    onTestFinished(() => server.stop())
    writeFileSync(join(psql(server.url, 'SHOW data_directory').trim(), 'standby.signal'), '')
    await server.restart()
    const { env } = await beside()
    expect(await saidOf('session', { ...env, DATABASE_URL: server.url })).toEqual([
      expect.stringMatching(/^failed: The database is read-only, .*; it is a standby: name the primary/),
    ])
  })

  it('tells what the role needs where a pooler drops what they ask for', async () => {
    const { env } = await beside()
    const DATABASE_URL = await startPgBouncer(env.DATABASE_URL)
    expect(await saidOf('database', { ...env, DATABASE_URL })).toEqual([
      expect.stringMatching(
        /^failed: The database at 127.0.0.1:\d+ does not give sessions what they ask for .*ALTER ROLE "postgres" SET statement_timeout = '5000ms'; .* RECONNECT/,
      ),
    ])
  })
})

describe('the doctor and the processes of a Rust gateway', () => {
  const session = (n: number) => ({
    apiKeyId: 'api-key-1',
    apiFormat: 'CLAUDE',
    model: 'm',
    clientFamily: 'codex',
    sessionHash: n.toString(16).padStart(64, '0'),
  })

  async function withNodes(count: number) {
    const { redis, url, env } = await beside('process-memory')
    const nodes: Awaited<ReturnType<typeof startStandIn>>[] = []
    for (let n = 0; n < count; n += 1) {
      const own = new Redis(url)
      onTestFinished(() => own.disconnect())
      const store = redisStandInStore(own)
      nodes.push(await startStandIn({ generation: 'PROCESS_MEMORY', store, epoch: 1 + n }))
    }
    onTestFinished(
      againAndAgain(200, () => Promise.all(nodes.map(({ gateway }, n) => gateway.serve(session(n))))),
    )
    while ((await redis.dbsize()) < count) await new Promise((resolve) => setTimeout(resolve, 20))
    const named = { ...env, GATEWAY_TOKEN: TOKEN }
    return { env: named, urls: nodes.map(({ node }) => node.url) }
  }
  const processes = async (env: Readonly<Record<string, string>>, urls: readonly string[]) =>
    (await saidOf('nodes', { ...env, GATEWAY_URLS: urls.join() })).slice(urls.length)

  it('tells that one is not named, by the records that no node lists', { timeout: 30_000 }, async () => {
    const { env, urls } = await withNodes(2)
    expect(await processes(env, urls)).toEqual([
      'ok: Each process that has written records lately is one of the nodes.',
    ])
    expect(await processes(env, urls.slice(0, 1))).toEqual([
      'warning: Records are being written that no node lists, so a process of the gateway may be missing in GATEWAY_URLS: clears do not reach it.',
    ])
    expect(await processes(env, [...urls.slice(0, 1), 'http://127.0.0.1:1'])).toEqual([
      expect.stringMatching(/^warning: It is not known whether a process/),
    ])
  })
})
