import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, it } from 'vitest'
import type { RedisServer } from '../../support/servers/redis.js'
import { freshRedis } from '../../support/servers/shared.js'
import { expectSame, followLive, keyOf, stored } from './feed-support.js'

const CLIENTS = 4

// Few keys, so that commands meet.
const key = fc.oneof(
  { weight: 20, arbitrary: fc.nat(15).map(keyOf) },
  { weight: 1, arbitrary: fc.constantFrom('cache_affinity:odd', 'cache_affinity:*?[\\]:模型:llama3:8b') },
  { weight: 1, arbitrary: fc.constant('another:key') },
)
const provider = fc.constantFrom('p-1', 'p-2')
/** Milliseconds; all but the last run out in the middle of a run, or soon after. */
const ttl = fc.constantFrom(1, 5, 20, 300_000)
/** By how many seconds the record's own time differs from Redis's. */
const skew = fc.constantFrom(0, 0, 0, -3, 3)

type Command = (redis: Redis) => Promise<unknown>

const set = fc
  .tuple(key, ttl, skew, provider, fc.nat(3))
  .map(([name, ms, seconds, provider_id, request_count]): Command => {
    const expire_at = Date.now() / 1_000 + ms / 1_000 + seconds
    return (redis) => redis.set(name, stored({ expire_at, provider_id, request_count }), 'PX', ms)
  })
const on = (command: (redis: Redis, name: string) => Promise<unknown>) =>
  key.map(
    (name): Command =>
      (redis) =>
        command(redis, name),
  )

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 12, arbitrary: set },
  { weight: 2, arbitrary: on((redis, name) => redis.del(name)) },
  { weight: 2, arbitrary: on((redis, name) => redis.unlink(name, keyOf(0))) },
  { weight: 1, arbitrary: on((redis, name) => redis.expire(name, 100)) },
  { weight: 2, arbitrary: on((redis, name) => redis.pexpire(name, 2)) },
  { weight: 1, arbitrary: on((redis, name) => redis.persist(name)) },
  { weight: 1, arbitrary: on((redis, name) => redis.getdel(name)) },
  { weight: 1, arbitrary: on((redis, name) => redis.set(name, 'junk')) },
  { weight: 1, arbitrary: on((redis, name) => redis.append(name, ' ')) },
  { weight: 1, arbitrary: on((redis, name) => redis.lpush(name, stored())) },
  {
    weight: 1,
    arbitrary: fc.tuple(key, key).map(
      ([from, to]): Command =>
        (redis) =>
          redis.rename(from, to),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(key, key).map(
      ([from, to]): Command =>
        (redis) =>
          redis.copy(from, to, 'REPLACE'),
    ),
  },
  { weight: 1, arbitrary: on((redis, name) => redis.multi().del(name).set(name, stored()).exec()) },
  {
    weight: 1,
    arbitrary: on((redis, name) =>
      redis.eval("return redis.call('SET', KEYS[1], ARGV[1])", 1, name, stored()),
    ),
  },
  // Each in one step, so that no command of another client lands in the wrong database.
  { weight: 1, arbitrary: on((redis, name) => redis.multi().select(1).set(name, 'x').select(0).exec()) },
  { weight: 1, arbitrary: on((redis) => redis.multi().select(1).flushdb().select(0).exec()) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('SYNC' as const, 'ASYNC' as const).map(
      (how): Command =>
        (redis) =>
          redis.call('FLUSHDB', how),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constant((): Promise<unknown> => sleep(3)),
  },
)

describe('after any commands of several clients', () => {
  let server: RedisServer
  let clients: Redis[]
  beforeAll(async () => {
    server = await freshRedis('empty')
    clients = Array.from({ length: CLIENTS }, () => server.client())
  })
  afterAll(() => server.stop())

  it('the index is what a scan finds', async () => {
    const live = await followLive({ kind: 'single', url: server.url })
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(command, { maxLength: 30 }), { minLength: CLIENTS, maxLength: CLIENTS }),
        async (programs) => {
          await Promise.all(
            programs.map(async (program, client) => {
              // RENAME of nothing, APPEND to a list: refusals are a part of life.
              for (const run of program) await run(clients[client] as Redis).catch(() => {})
            }),
          )
          // What is short-lived has gone, so that two looks one after the other can be compared.
          await sleep(25)
          await expectSame(live)
        },
      ),
      { numRuns: 200 },
    )
  }, 60_000)
})
