import { mkdtempSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sql } from '../api/affinity-model.js'
import { ADMIN_TOKEN, ADMIN_TOKENS } from '../support/app.js'
import { FIXTURE_ENVIRONMENT } from '../support/fixtures.js'
import { slowTable } from '../support/odd-table.js'
import { startService } from '../support/process.js'
import { freePort } from '../support/servers/child.js'
import { freshDatabase, freshRedis } from '../support/servers/shared.js'

const emptyFolder = () => mkdtempSync(join(tmpdir(), 'affinityql-'))

const graphql = (url: string, query: string, token?: string) =>
  fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query }),
  })

async function gateway() {
  const redis = await freshRedis()
  return { DATABASE_URL: freshDatabase(), REDIS_URL: redis.url, ...FIXTURE_ENVIRONMENT, PORT: '0' }
}

describe('the service as a process', () => {
  it('starts with nothing set, and its banner leads a newcomer in', async () => {
    const service = startService({ PORT: '0' }, emptyFolder())
    const [, url = ''] = await service.line(/(http:\/\/127\.0\.0\.1:\d+)\/graphql/)
    const [, token = ''] = await service.line(/token\s+(\S+)/i)
    const [, email = '', password = ''] = await service.line(/sign in\s+(\S+)\s+\/\s+(\S+)$/i)

    const viewer = await graphql(url, '{ viewer { name canClear } }', token)
    expect(await viewer.json()).toMatchObject({ data: { viewer: { name: 'demo', canClear: true } } })

    const login = `mutation { login(email: "${email}", password: "${password}") { ... on Session { viewer { canClear } } } }`
    expect(await (await graphql(url, login)).json()).toMatchObject({
      data: { login: { viewer: { canClear: true } } },
    })

    const page = await graphql(url, '{ affinities { totalCount } }', token)
    expect((await page.json()).data.affinities.totalCount).toBeGreaterThan(50)
  })

  it('serves beside a gateway and tells of its stores and of broken records', async () => {
    const service = startService({ ...(await gateway()), ADMIN_TOKENS: '' })
    const [, url] = await service.line(/(http:\/\/127\.0\.0\.1:\d+)\/graphql/)
    const live = await fetch(`${url}/health/live`)
    expect(await live.json()).toEqual({ status: 'live' })
    // 503 until the affinities have been read.
    await expect.poll(async () => (await fetch(`${url}/health/ready`)).status).toBe(200)
    const ready = await fetch(`${url}/health/ready`)
    expect(await ready.json()).toEqual({
      status: 'ready',
      dependencies: {
        database: { state: 'up', latencyMs: expect.any(Number) },
        cache: { state: 'up', latencyMs: expect.any(Number) },
      },
      brokenRecords: 4,
      affinityIndex: 'live',
      auditSpool: { waiting: 0, failed: 0 },
    })
  })

  it('warns of a wrong ENCRYPTION_KEY once it serves', async () => {
    const service = startService({ ...(await gateway()), ENCRYPTION_KEY: 'not-the-gateways-key' })
    await service.line(/"msg":"no stored key can be decrypted/)
    expect(service.lines).toContainEqual(expect.stringMatching(/^affinityql serves http/))
    expect(service.lines.join()).not.toContain('not-the-gateways-key')
  })

  it('finishes what it is answering when it is told to stop, and exits with 0', async () => {
    const env = await gateway()
    const service = startService({ ...env, ADMIN_TOKENS })
    const [, url = ''] = await service.line(/(http:\/\/127\.0\.0\.1:\d+)\/graphql/)
    await expect.poll(async () => (await fetch(`${url}/health/ready`)).status).toBe(200)
    await slowTable(env.DATABASE_URL, 'users', 2)
    const answer = graphql(url, '{ affinities(search: "bob") { totalCount } }', ADMIN_TOKEN)
    const looking = () => sql(env.DATABASE_URL, "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
    await expect.poll(looking).toHaveLength(1)
    service.kill('SIGTERM')
    expect(await (await answer).json()).toMatchObject({
      data: { affinities: { totalCount: expect.any(Number) } },
    })
    expect(await service.exit).toBe(0)
  })

  it.each([
    [
      'a port that is taken',
      async () => ({ PORT: String(await takenPort()) }),
      /^affinityql: Port \d+ .* is taken/,
    ],
    [
      'a variable that makes no sense',
      async () => ({ PORT: 'http' }),
      /^affinityql: PORT must be a port number/,
    ],
    [
      'a database that cannot be reached',
      async () => ({ DATABASE_URL: `postgresql://who:hunter2@127.0.0.1:${await freePort()}/none?schema=x` }),
      /^affinityql: The database at 127\.0\.0\.1:\d+ cannot be reached \(nothing listens there\): .*npx affinityql doctor/,
    ],
    [
      'a cache that cannot be reached',
      async () => ({ REDIS_URL: `redis://who:hunter2@127.0.0.1:${await freePort()}/3?x=y` }),
      /^affinityql: The cache at 127\.0\.0\.1:\d+ cannot be reached \(nothing listens there\): .*npx affinityql doctor/,
    ],
  ])('says %s in one line and exits with 1', async (_what, change, line) => {
    const service = startService({ ...(await gateway()), ...(await change()) })
    expect(await service.exit).toBe(1)
    // What was logged until then is JSON.
    expect(service.lines.filter((text) => !text.startsWith('{'))).toEqual([expect.stringMatching(line)])
    expect(service.lines.join()).not.toMatch(/who|hunter2|none|\?/)
  })
})

async function takenPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}
