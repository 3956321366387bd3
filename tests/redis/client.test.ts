import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { UnavailableError } from '../../src/errors.js'
import { mayHaveRun, toCacheError } from '../../src/redis/cache-errors.js'
import { connectRedis, createRedis, type RedisClient, type RedisConfig } from '../../src/redis/client.js'
import { PROMPT_MS } from '../support/promptly.js'
import { type RedisServer, startRedis } from '../support/servers/redis.js'
import { type RedisClusterServers, startRedisCluster } from '../support/servers/redis-cluster.js'
import { type SentinelServers, startSentinel } from '../support/servers/redis-sentinel.js'

const create = (config: RedisConfig): { client: RedisClient; errors: Error[] } => {
  const errors: Error[] = []
  const client = createRedis(config, { onError: (error) => errors.push(error) })
  onTestFinished(() => client.disconnect())
  return { client, errors }
}

const single = (url: string, tls?: { ca: string | undefined }) =>
  create(tls ? { kind: 'single', url, tls } : { kind: 'single', url })

async function started(options?: Parameters<typeof startRedis>[0]): Promise<RedisServer> {
  const server = await startRedis(options)
  onTestFinished(() => server.stop())
  return server
}

async function failureOf(work: () => Promise<unknown>): Promise<{ error: unknown; afterMs: number }> {
  const start = performance.now()
  try {
    await work()
  } catch (error) {
    return { error, afterMs: performance.now() - start }
  }
  throw new Error('It did not fail.')
}

function expectUnavailable(error: unknown): void {
  expect(toCacheError(error)).toBeInstanceOf(UnavailableError)
  expect(toCacheError(error)).toMatchObject({ code: 'CACHE_UNAVAILABLE' })
}

async function eventually<T>(work: () => Promise<T>, seconds = 10): Promise<T> {
  const deadline = Date.now() + seconds * 1_000
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (Date.now() > deadline) throw error
      await sleep(50)
    }
  }
}

describe('a single Redis', () => {
  test('is not connected to before connectRedis, and answers after it', async () => {
    const server = await started()
    const { client } = single(server.url)
    const sessions = () =>
      server
        .cli('client', 'list')
        .split('\n')
        .filter((line) => line.includes('name=affinityql'))
    expect(sessions()).toHaveLength(0)
    await connectRedis(client, 15_000)
    expect(await client.ping()).toBe('PONG')
    expect(sessions()).toHaveLength(1)
    expect(sessions()[0]).toContain('resp=2')
    await connectRedis(client, 15_000)
  })

  test('of the URL: user, password with odd characters, database', async () => {
    const server = await started()
    const password = 'p@ss:/?#[]%'
    server.cli('acl', 'setuser', 'operator', 'on', `>${password}`, '~*', '+@all')
    const url = `redis://operator:${encodeURIComponent(password)}@127.0.0.1:${server.port}/3`
    const { client } = single(url)
    await connectRedis(client, 15_000)
    await client.set('here', '1')
    expect(server.cli('-n', '3', 'get', 'here').trim()).toBe('1')
  })

  test('of the URL: no parameter replaces an option of ours', async () => {
    const server = await started()
    const { client } = single(`${server.url}?enableOfflineQueue=true&commandTimeout=99999`)
    expect(client.options).toMatchObject({ enableOfflineQueue: false, commandTimeout: 1_500 })
  })

  test('that is absent: the first command and the connection fail within their time, and the reason is told', async () => {
    const { client, errors } = single('redis://127.0.0.1:1')
    const command = await failureOf(() => client.get('key'))
    expectUnavailable(command.error)
    expect(command.afterMs).toBeLessThan(PROMPT_MS)
    const connection = await failureOf(() => connectRedis(client, 600))
    expect(connection.error).toMatchObject({ code: 'CACHE_UNAVAILABLE', cause: { code: 'ECONNREFUSED' } })
    expect(connection.afterMs).toBeLessThan(PROMPT_MS)
    expect(errors.length).toBeGreaterThan(0)
  })

  test('that comes only after the start is found by itself', async () => {
    const server = await started()
    await server.kill()
    const { client } = single(server.url)
    const connecting = connectRedis(client, 30_000)
    await sleep(1_500)
    await server.restart()
    const start = performance.now()
    await connecting
    expect(performance.now() - start).toBeLessThan(PROMPT_MS)
  })

  test('that dies: commands fail at once, none is sent later, and it is back by itself', async () => {
    const server = await started()
    const { client } = single(server.url)
    await connectRedis(client, 15_000)
    await server.kill()
    const failures = await Promise.all(
      Array.from({ length: 5 }, () => failureOf(() => client.set('late', '1'))),
    )
    for (const { error, afterMs } of failures) {
      expectUnavailable(error)
      expect(afterMs).toBeLessThan(PROMPT_MS)
    }
    await server.restart()
    expect(await eventually(() => client.ping())).toBe('PONG')
    expect(await client.get('late')).toBeNull()
  })

  test('that has answered while this process was blocked is not called late', async () => {
    const server = await started()
    const { client } = single(server.url)
    await connectRedis(client, 15_000)
    const answers = Promise.all(Array.from({ length: 3 }, () => client.ping()))
    await new Promise(setImmediate)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_700)
    expect(await answers).toEqual(['PONG', 'PONG', 'PONG'])
  })

  test('that hangs: a command fails after 1.5 s and may have run; later ones fail at once', async () => {
    const server = await started()
    const { client } = single(server.url)
    await connectRedis(client, 15_000)
    await client.set('victim', '1')
    server.pause()
    const sent = await failureOf(() => client.del('victim'))
    expectUnavailable(sent.error)
    expect(sent.afterMs).toBeGreaterThan(1_400)
    expect(sent.afterMs).toBeLessThan(PROMPT_MS)
    expect(mayHaveRun(sent.error)).toBe(true)
    await sleep(1_500)
    const unsent = await failureOf(() => client.set('late', '1'))
    expectUnavailable(unsent.error)
    expect(mayHaveRun(unsent.error)).toBe(false)
    server.resume()
    expect(await eventually(() => client.exists('victim'))).toBe(0)
    expect(await client.get('late')).toBeNull()
  })

  test('that asks for a password: refused at once, and the error has no password in it', async () => {
    const server = await started({ args: ['--requirepass', 'right-horse'] })
    for (const [url, reply] of [
      [server.url, 'NOAUTH'],
      [server.url.replace('redis://', 'redis://:wrong-horse@'), 'WRONGPASS'],
    ] as const) {
      const { client } = single(url)
      const { error, afterMs } = await failureOf(() => connectRedis(client, 30_000))
      expect(error).toMatchObject({
        code: 'CACHE_UNAVAILABLE',
        cause: { message: expect.stringContaining(reply) },
      })
      expect(String((error as UnavailableError).cause)).not.toContain('horse')
      expect(afterMs).toBeLessThan(PROMPT_MS)
    }
    const { client } = single(server.url.replace('redis://', 'redis://:right-horse@'))
    await connectRedis(client, 15_000)
  })

  test('over TLS: with its authority only', async () => {
    const server = await started({ tls: true })
    expect(server.url).toMatch(/^rediss:/)
    const trusting = single(server.url, { ca: server.ca }).client
    await connectRedis(trusting, 15_000)
    expect(await trusting.ping()).toBe('PONG')
    const { error } = await failureOf(() => connectRedis(single(server.url).client, 800))
    expect(error).toMatchObject({
      code: 'CACHE_UNAVAILABLE',
      cause: { code: 'SELF_SIGNED_CERT_IN_CHAIN' },
    })
  })
})

describe('what a Redis answers that will not serve is unavailable', () => {
  test('READONLY from a replica, and MASTERDOWN from one that lost its master', async () => {
    const master = await started()
    const replica = await started({
      args: ['--replicaof', '127.0.0.1', `${master.port}`, '--replica-serve-stale-data', 'no'],
    })
    const client = replica.client()
    await eventually(() => client.get('key'))
    const { error } = await failureOf(() => client.set('key', '1'))
    expect(String(error)).toContain('READONLY')
    expectUnavailable(error)
    expect(mayHaveRun(error)).toBe(false)
    const script = await failureOf(() => client.eval("return redis.call('SET', KEYS[1], '1')", 1, 'key'))
    expectUnavailable(script.error)
    await master.kill()
    const masterDown = await eventually(() => failureOf(() => client.get('key')))
    expect(String(masterDown.error)).toContain('MASTERDOWN')
    expectUnavailable(masterDown.error)
  })

  test('OOM from one that is full', async () => {
    const server = await started({ args: ['--maxmemory', '100kb', '--maxmemory-policy', 'noeviction'] })
    const { error } = await failureOf(() => server.client().set('key', 'x'.repeat(10_000)))
    expect(String(error)).toContain('OOM')
    expectUnavailable(error)
  })

  test('MISCONF from one that cannot save', async () => {
    const server = await started({ args: ['--enable-protected-configs', 'yes'] })
    server.cli('config', 'set', 'dir', '/proc')
    const client = server.client()
    await client.set('key', '1')
    server.cli('config', 'set', 'save', '1 1')
    await client.set('key', '2')
    const misconf = await eventually(async () => {
      const { error } = await failureOf(() => client.set('key', '3'))
      return error
    })
    expect(String(misconf)).toContain('MISCONF')
    expectUnavailable(misconf)
  })

  test('too many clients', async () => {
    const server = await started({ args: ['--maxclients', '1'] })
    await server.client().ping()
    const { error } = await failureOf(() => connectRedis(single(server.url).client, 800))
    expect(error).toMatchObject({ code: 'CACHE_UNAVAILABLE' })
  })

  test('LOADING from one that still reads its data; connectRedis waits until it has', async () => {
    // 20 ms for each of 100 keys.
    const slow = ['--key-load-delay', '20000', '--loading-process-events-interval-bytes', '1024']
    const server = await started({ args: slow })
    const value = 'x'.repeat(1_000)
    await Promise.all(Array.from({ length: 100 }, (_, index) => server.client().set(`key ${index}`, value)))
    server.cli('save')
    await server.kill()
    const loaded = server.restart()
    const impatient = server.client({ enableReadyCheck: false })
    const { error } = await failureOf(() => impatient.get('key 1'))
    expect(String(error)).toContain('LOADING')
    expectUnavailable(error)
    const { client } = single(server.url)
    const early = await failureOf(() => connectRedis(client, 300))
    expect(early.error).toMatchObject({ code: 'CACHE_UNAVAILABLE' })
    await connectRedis(client, 15_000)
    expect(await client.get('key 1')).toBe(value)
    await loaded
  })
})

test('what is not Redis being away comes back as it is', async () => {
  const server = await started()
  const client = server.client()
  await client.rpush('list', 'a')
  const wrongType = await failureOf(() => client.get('list'))
  expect(toCacheError(wrongType.error)).toBe(wrongType.error)
  expect(mayHaveRun(wrongType.error)).toBe(false)
  const unknown = await failureOf(() => client.call('NONSENSE'))
  expect(toCacheError(unknown.error)).toBe(unknown.error)
  const ours = new UnavailableError('OUTCOME_UNKNOWN', 'x')
  for (const thing of [ours, undefined, 'LOADING', new TypeError('x')])
    expect(toCacheError(thing)).toBe(thing)
})

describe('Sentinel', () => {
  let servers: SentinelServers
  beforeAll(async () => {
    servers = await startSentinel()
  })
  afterAll(() => servers.stop())

  test('names the master, and the new one after the master hung', async () => {
    const { name, sentinels, master, replica } = servers
    const { client } = create({
      kind: 'sentinel',
      name,
      sentinels: [{ host: '127.0.0.1', port: 1 }, ...sentinels],
    })
    await connectRedis(client, 15_000)
    await client.set('key', '1')
    expect(master.cli('get', 'key').trim()).toBe('1')
    master.pause()
    await servers.untilMasterIsNot(master.port)
    await eventually(() => client.set('key', '2'), 15)
    expect(replica.cli('get', 'key').trim()).toBe('2')
  })

  test('without any sentinel there, or with another name: the connection fails within its time', async () => {
    for (const config of [
      { kind: 'sentinel', name: servers.name, sentinels: [{ host: '127.0.0.1', port: 1 }] },
      { kind: 'sentinel', name: 'nobody', sentinels: servers.sentinels },
    ] as const) {
      const { error, afterMs } = await failureOf(() => connectRedis(create(config).client, 800))
      expect(error).toMatchObject({ code: 'CACHE_UNAVAILABLE', cause: expect.any(Error) })
      expect(afterMs).toBeLessThan(PROMPT_MS)
    }
  })
})

describe('Cluster', () => {
  let servers: RedisClusterServers
  beforeAll(async () => {
    servers = await startRedisCluster({ masters: 3, replicas: 1 })
  })
  afterAll(() => servers.stop())

  test('is reached through one of its nodes, and every master is found', async () => {
    const [node] = servers.nodes
    const { client } = create({ kind: 'cluster', nodes: node ? [node] : [] })
    await connectRedis(client, 15_000)
    await Promise.all(Array.from({ length: 50 }, (_, index) => client.set(`key ${index}`, `${index}`)))
    expect(await client.get('key 49')).toBe('49')
    expect('nodes' in client ? client.nodes('master') : []).toHaveLength(3)
  })

  test('that is absent: the connection fails within its time', async () => {
    const { client } = create({ kind: 'cluster', nodes: [{ host: '127.0.0.1', port: 1 }] })
    expectUnavailable((await failureOf(() => client.get('key'))).error)
    const { error, afterMs } = await failureOf(() => connectRedis(client, 800))
    expect(error).toMatchObject({ code: 'CACHE_UNAVAILABLE', cause: expect.any(Error) })
    expect(afterMs).toBeLessThan(PROMPT_MS)
  })

  test('with a master that dies: its keys are unavailable until its replica takes over, and nothing is sent again', async () => {
    const { client } = create({ kind: 'cluster', nodes: servers.nodes })
    await connectRedis(client, 15_000)
    const key = 'counter'
    await client.set(key, '0')
    const master = servers.masterOf(key)
    const blocked: Redis = master.client()
    // The command is on its way when the master dies: it must fail once, not be tried again on the new master.
    master.pause()
    const inFlight = failureOf(() => client.incr(key))
    await sleep(100)
    await master.kill()
    blocked.disconnect()
    const { error } = await inFlight
    expectUnavailable(error)
    expect(mayHaveRun(error)).toBe(true)
    const later = await failureOf(() => client.incr(key))
    expectUnavailable(later.error)
    expect(later.afterMs).toBeLessThan(PROMPT_MS)
    expect(await eventually(() => client.get(key), 15)).toBe('0')
    await sleep(2_500)
    expect(await client.get(key)).toBe('0')
    expect(await eventually(() => client.incr(key))).toBe(1)
  })
})
