import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { cacheAffinity } from '../../src/affinities/families/cache-affinity.js'
import { seeded } from './world.js'

interface Stored {
  readonly key: string
  readonly value: Record<string, unknown>
}

/** TTL of affinities in seconds. Those of short-lived API keys expire during the soak. */
const TTL = 600
const SHORT_TTL = 4
/** Percent of the writes that pin a new, short-lived API key, and percent that switch a pin. */
const PASSING = 10
const SWITCHED = 5
const TICK_MS = 10

export interface GatewayLoad {
  readonly written: number
  /** Ends the load, and waits until the short-lived affinities have expired. */
  stop(): Promise<void>
}

/** Writes affinities as gateways do, at a constant rate. Most writes refresh a known pin and keep its `created_at`. */
export async function writeAsGateways(redis: Redis, writesPerSecond: number): Promise<GatewayLoad> {
  const records = await readAll(redis)
  const random = seeded(20_261_123)
  const any = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const startedAt = performance.now()
  const stopping = new AbortController()
  let written = 0

  const next = (): { key: string; value: Record<string, unknown>; ttl: number } => {
    const roll = random() * 100
    const { key, value } = any(records)
    const now = Date.now() / 1_000
    if (roll < PASSING) {
      const affinityKey = randomUUID()
      const identity = { affinityKey, apiFormat: `${value['api_format']}`, modelId: `${value['model_name']}` }
      const ttl = 1 + Math.floor(random() * SHORT_TTL)
      return {
        key: cacheAffinity.encode(identity),
        value: { ...value, ...used(now, ttl, 0), created_at: now },
        ttl,
      }
    }
    if (roll < PASSING + SWITCHED) {
      const { provider_id, endpoint_id, key_id } = any(records).value
      Object.assign(value, { provider_id, endpoint_id, key_id, created_at: now, request_count: 0 })
    }
    Object.assign(value, used(now, TTL, Number(value['request_count'])))
    return { key, value, ttl: TTL }
  }
  const writeDue = async () => {
    const due = Math.floor(((performance.now() - startedAt) / 1_000) * writesPerSecond) - written
    const pipeline = redis.pipeline()
    for (let n = 0; n < due; n++) {
      const { key, value, ttl } = next()
      pipeline.set(key, JSON.stringify(value), 'EX', ttl)
    }
    for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error
    written += due
  }
  const running = (async () => {
    while (!stopping.signal.aborted) {
      await writeDue()
      await sleep(TICK_MS)
    }
  })()

  return {
    get written() {
      return written
    },
    async stop() {
      stopping.abort()
      await running
      await sleep((SHORT_TTL + 2) * 1_000)
    },
  }
}

const used = (now: number, ttl: number, requests: number) => ({
  expire_at: now + ttl,
  request_count: requests + 1,
})

/** Reads every affinity from Redis. */
export async function readAll(redis: Redis): Promise<Stored[]> {
  const keys = new Set<string>()
  for await (const batch of redis.scanStream({ match: 'cache_affinity:*', count: 5_000 }))
    for (const key of batch as string[]) keys.add(key)
  const names = [...keys]
  const stored: Stored[] = []
  for (let start = 0; start < names.length; start += 5_000) {
    const batch = names.slice(start, start + 5_000)
    const values = await redis.mget(batch)
    batch.forEach((key, n) => {
      const value = values[n]
      if (value != null) stored.push({ key, value: JSON.parse(value) as Record<string, unknown> })
    })
  }
  return stored
}
