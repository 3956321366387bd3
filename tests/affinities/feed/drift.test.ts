import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Cluster, type Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { RedisConfig } from '../../../src/redis/client.js'
import { type RedisClusterServers, startRedisCluster } from '../../support/servers/redis-cluster.js'
import { freshRedis } from '../../support/servers/shared.js'
import { storeMany } from '../../support/store-many.js'
import { expectSame, followLive, handClock, keyOf, type Live, stored } from './feed-support.js'

const MINUTE = 60_000
const TTL = 3_600

interface Backend {
  readonly config: RedisConfig
  readonly gateway: Redis | Cluster
}

async function single(): Promise<Backend> {
  const server = await freshRedis('empty')
  return { config: { kind: 'single', url: server.url }, gateway: server.client() }
}

async function withoutEval(): Promise<Backend> {
  const server = await freshRedis('empty')
  const gateway = server.client()
  await gateway.call('ACL', 'SETUSER', 'ours', 'on', '>secret', '~*', '&*', '+@all', '-eval')
  return { config: { kind: 'single', url: `redis://ours:secret@127.0.0.1:${server.port}` }, gateway }
}

let servers: RedisClusterServers
beforeAll(async () => {
  servers = await startRedisCluster({ replicas: 0 })
}, 60_000)
afterAll(() => servers.stop())

async function cluster(): Promise<Backend> {
  for (const server of servers.servers) server.cli('flushall')
  const gateway = new Cluster([...servers.nodes])
  gateway.on('error', () => {})
  onTestFinished(() => gateway.disconnect())
  return { config: { kind: 'cluster', nodes: servers.nodes }, gateway }
}

/** An index that follows 1,000 records, and hears of no change any more once it is live. */
async function deaf({ config, gateway }: Backend) {
  // Its first command waits until a Cluster's slots are known.
  await gateway.set(keyOf('broken'), '{', 'EX', TTL)
  const records = Array.from({ length: 1_000 }, (_, n) => [keyOf(n), stored({ request_count: n })] as const)
  await storeMany(gateway, records, TTL)
  let isDeaf = false
  const { advance, ...clock } = handClock()
  const live = await followLive(config, { ...clock, isDeaf: () => isDeaf })
  await live.source.settled()
  isDeaf = true
  return { live, advance }
}

/** Waits for the messages of a change, so that they are lost and not late. */
const unheard = async (change: Promise<unknown>): Promise<void> => {
  await change
  await sleep(50)
}

type Change = (gateway: Redis | Cluster) => Promise<unknown>

const OF_KNOWN: readonly (readonly [string, Change])[] = [
  ['has another value', (gateway) => gateway.set(keyOf(7), stored({ key_id: 'k-2' }), 'EX', TTL)],
  [
    'has another value and the same TTL',
    (gateway) => gateway.set(keyOf(7), stored({ key_id: 'k-2' }), 'KEEPTTL'),
  ],
  ['is gone', (gateway) => gateway.del(keyOf(7))],
  ['has another TTL', (gateway) => gateway.expire(keyOf(7), 2 * TTL)],
  ['does not expire any more', (gateway) => gateway.persist(keyOf(7))],
  ['can no longer be read', (gateway) => gateway.set(keyOf(7), '[]', 'EX', TTL)],
  ['can be read again', (gateway) => gateway.set(keyOf('broken'), stored(), 'EX', TTL)],
  ['could not be read, and is gone', (gateway) => gateway.del(keyOf('broken'))],
]

describe.each([
  ['a single Redis', single],
  ['a Redis Cluster', cluster],
  ['a Redis that refuses EVAL', withoutEval],
] as const)('without a word from %s', (_name, start) => {
  it.each(OF_KNOWN)('finds within 5 minutes a record that %s', async (_what, change) => {
    const backend = await start()
    const { live, advance } = await deaf(backend)
    await advance(2 * MINUTE)
    expect(live.source.figures.drift).toBe(0)
    await unheard(change(backend.gateway))
    await advance(5 * MINUTE)
    await expectSame(live)
    expect(live.source.figures.drift).toBe(1)
  })

  it('finds within 30 minutes a record that is new', async () => {
    const backend = await start()
    const { live, advance } = await deaf(backend)
    await advance(2 * MINUTE)
    await unheard(backend.gateway.set(keyOf('new'), stored(), 'EX', TTL))
    await advance(30 * MINUTE)
    await expectSame(live)
    expect(live.source.figures.drift).toBe(1)
  }, 60_000)

  it('compares all that there is once one record differed', async () => {
    const backend = await start()
    const { live, advance } = await deaf(backend)
    await unheard(backend.gateway.set(keyOf('new'), stored(), 'EX', TTL))
    // The first slices, wherever they lie, have some of these.
    const gone = Array.from({ length: 500 }, (_, n) => backend.gateway.del(keyOf(2 * n)))
    await unheard(Promise.all(gone))
    await advance(MINUTE)
    await expectSame(live)
  })
})

const drifts = ({ logs }: Live) => logs.filter(({ message }) => message.includes('without a word'))
const refusals = ({ logs }: Live) => logs.filter(({ message }) => message.includes('(EVAL)'))

it('says once that the script is refused, and nothing where it is not', async () => {
  const refused = await deaf(await withoutEval())
  await refused.advance(15 * MINUTE)
  expect(refusals(refused.live)).toHaveLength(1)
  for (const start of [single, cluster]) {
    const allowed = await deaf(await start())
    await allowed.advance(15 * MINUTE)
    expect(refusals(allowed.live)).toEqual([])
    expect(drifts(allowed.live)).toEqual([])
  }
  expect(drifts(refused.live)).toEqual([])
})

const figure = (gateway: Redis, section: string, name: string) =>
  gateway
    .info(section)
    .then((text) => Number(new RegExp(`${name}[:=](?:calls=)?(\\d+)`).exec(text)?.[1] ?? 0))

it('costs a script for 100 records in 5 minutes, and under 20 bytes a record and minute both ways', async () => {
  const { config, gateway } = await single()
  if (gateway instanceof Cluster) throw new TypeError('This is about a single Redis.')
  const models = Array.from({ length: 40 }, () => randomUUID())
  const pipeline = gateway.pipeline()
  const records = 10_000
  for (let n = 0; n < records; n += 1)
    pipeline.set(`cache_affinity:${randomUUID()}:CLAUDE_CLI:${models[n % 40]}`, stored(), 'EX', TTL)
  await pipeline.exec()
  const { advance, ...clock } = handClock()
  const live = await followLive(config, clock)
  await advance(5 * MINUTE)
  await gateway.config('RESETSTAT')
  const before = live.source.figures.reconcileBytes
  await advance(30 * MINUTE)

  const passes = 6.5
  expect(live.source.figures.drift).toBe(0)
  expect(await figure(gateway, 'commandstats', 'cmdstat_mget')).toBe(0)
  const scripts = await figure(gateway, 'commandstats', 'cmdstat_eval')
  // A slice of 167 records takes two scripts.
  expect(scripts).toBeLessThanOrEqual(120 * passes)
  expect(await figure(gateway, 'commandstats', 'cmdstat_pexpiretime')).toBeLessThanOrEqual(records * passes)
  const sent = await figure(gateway, 'stats', 'total_net_output_bytes')
  const received = await figure(gateway, 'stats', 'total_net_input_bytes')
  expect((sent + received) / records / 30).toBeLessThan(20)
  const told = live.source.figures.reconcileBytes - before
  expect(told / (sent + received)).toBeGreaterThan(0.7)
  expect(told / (sent + received)).toBeLessThan(1.2)
}, 60_000)
