import type { Redis } from 'ioredis'
import { expect, onTestFinished } from 'vitest'
import { loadRedisFixtures } from '../../scripts/lib/fixtures.js'
import { startTestApp, type TestApp } from '../support/app.js'
import { type RedisServer, startRedis } from '../support/servers/redis.js'
import { type RedisProxy, startRedisProxy } from './redis-proxy.js'

export interface BehindProxy {
  readonly service: TestApp
  readonly redis: RedisServer
  readonly proxy: RedisProxy
  /** A client of its own, past the proxy. */
  readonly client: Redis
}

/**
 * A service whose Redis a test can stop at a certain command. The Redis keeps its data through `kill` and `restart`, as an
 * operator's does. All ends with the test.
 */
export async function startBehindProxy(
  options: {
    records?: number
    env?: Readonly<Record<string, string>>
    redisArgs?: readonly string[]
    now?: () => number
  } = {},
): Promise<BehindProxy> {
  const redis = await startRedis({
    args: ['--appendonly', 'yes', '--appendfsync', 'always', ...(options.redisArgs ?? [])],
  })
  onTestFinished(() => redis.stop())
  const client = redis.client()
  if (options.records === undefined) await loadRedisFixtures(client)
  else await fill(client, options.records)
  const proxy = await startRedisProxy(redis.port)
  onTestFinished(() => proxy.stop())
  const service = await startTestApp({
    redis: 'empty',
    env: { REDIS_URL: proxy.url, CLEAR_GUARD_SECONDS: '0', ...options.env },
    ...(options.now && { now: options.now }),
  })
  onTestFinished(() => service.close())
  if (options.records !== undefined) {
    const total = async () =>
      (await service.query('{ affinities { totalCount } }')).data?.affinities.totalCount
    await expect.poll(total).toBe(options.records)
  }
  return { service, redis, proxy, client }
}

export const PROVIDER = 'one-provider'

/** So many records of one provider, live for an hour. */
async function fill(client: Redis, count: number): Promise<void> {
  const now = Date.now() / 1_000
  for (let start = 0; start < count; start += 1_000) {
    const pipeline = client.pipeline()
    for (let n = start; n < Math.min(count, start + 1_000); n += 1) {
      const value = recordOf({ created_at: now, expire_at: now + 3_600 })
      pipeline.set(`cache_affinity:a-${n}:OPENAI:gpt-5`, value, 'EX', 3_600)
    }
    await pipeline.exec()
  }
}

/** What a gateway stores, with some fields replaced. */
export const recordOf = (fields: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({
    provider_id: PROVIDER,
    endpoint_id: 'e-1',
    key_id: 'k-1',
    api_format: 'OPENAI',
    model_name: 'gpt-5',
    created_at: Date.now() / 1_000,
    expire_at: Date.now() / 1_000 + 3_600,
    request_count: 1,
    ...fields,
  })
