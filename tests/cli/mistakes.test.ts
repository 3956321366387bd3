import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startFlakyProxy } from '../client/flaky-proxy.js'
import { affinityql, onTerminal, refusingUrl, startServer, type TestServer } from './support.js'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.close())

const left = async () => (await server.query('{ affinities { totalCount } }')).data.affinities.totalCount

describe('what cannot be sent is wrong usage, not a server that is away', () => {
  it.each([
    ['an address without http://', 'localhost:4000', /must begin with http:\/\/ or https:\/\//],
    ['an address with a password', 'http://root:hunter2@127.0.0.1:4000', /no user and no password/],
    ['no address', 'nowhere', /must begin with/],
  ])('%s', async (_what, url, says) => {
    const { code, stderr } = await affinityql(['stats'], { server: { url } })
    expect(stderr).toMatch(says)
    expect(stderr).not.toContain('hunter2')
    expect(code).toBe(2)
  })

  it('a token that no HTTP header can carry, such as the … of an example', async () => {
    const { code, stderr } = await affinityql(['stats'], { server, token: 'aql_…' })
    expect(stderr).toContain('The token')
    expect(stderr).not.toContain('aql_')
    expect(code).toBe(2)
  })

  it.each(['0.0105', '99999999'])('but any time is one to wait for: --timeout %s', async (seconds) => {
    const { stderr } = await affinityql(['stats', '--timeout', seconds], { server })
    expect(stderr).not.toContain('out of range')
  })
})

describe('a clear whose answer never comes', () => {
  it.each([
    ['is not given in time', 'never', 'TIMEOUT'],
    ['is cut off', 'hang up', 'NETWORK_ERROR'],
    ['is a proxy’s', { status: 502 }, 'NETWORK_ERROR'],
  ] as const)('%s: it may have been done, is said so, and is not sent again', async (_why, plan, reason) => {
    const proxy = await startFlakyProxy(server.url)
    proxy.answer(plan)
    const { code, stderr } = await affinityql(['clear', 'user', 'alice', '--yes', '--timeout', '1'], {
      server: proxy,
    })
    expect(stderr).toContain('The server may have cleared nevertheless')
    expect(stderr).toContain(`(${reason})`)
    expect(proxy.requests).toBe(1)
    expect(code).toBe(5)
  })

  it('has not been done where there was no server, or none of this kind', async () => {
    const proxy = await startFlakyProxy(server.url)
    proxy.answer({ status: 404 })
    for (const url of [await refusingUrl(), proxy.url]) {
      const { code, stderr } = await affinityql(['clear', 'all', '--yes'], { server: { url } })
      expect(stderr).not.toContain('may have cleared')
      expect(code).toBe(5)
    }
  })
})

describe('names that would steer a terminal', () => {
  it('are not obeyed in what a clear says and asks', async () => {
    const before = await left()
    const evil = '\u001b]0;title\u0007\u001b[2J\rnobody'
    const { apiKeys } = (
      await server.query('{ affinities(first: 1) { nodes { user { id apiKeys { id } } } } }')
    ).data.affinities.nodes[0].user
    await server.app.database.prisma.user.updateMany({
      where: { apiKeys: { some: { id: apiKeys[0].id } } },
      data: { username: evil },
    })
    const found = await server.query('{ affinities(first: 1) { nodes { user { id username } } } }')
    const { id, username } = found.data.affinities.nodes[0].user
    expect(username).toBe(evil)

    const dry = await affinityql(['clear', 'user', id, '--dry-run'], { server })
    expect(dry.stdout).toContain('�]0;title')
    const asked = await onTerminal(['clear', 'user', id], [[/\[y\/N\] /, 'n\n']], {
      server,
      env: { NO_COLOR: '1' },
    })
    for (const text of [dry.stdout, dry.stderr, asked.screen]) {
      expect(text).not.toContain('\u001b]')
      expect(text).not.toContain('\u001b[2J')
      expect(text).not.toContain('\u0007')
    }
    expect(await left()).toBe(before)
  })

  it('are escaped in JSON, where a control character of the C1 set may stand', async () => {
    await server.redis.client().hset('cache_stats:scheduler', 'last_model_name', 'a\u009b31m\u007fb')
    const { stdout } = await affinityql(['stats', '--json'], { server })
    expect(JSON.parse(stdout).schedulerMetrics.lastModelName).toBe('a\u009b31m\u007fb')
    expect(stdout).toContain('a\\u009b31m\\u007fb')
  })
})
