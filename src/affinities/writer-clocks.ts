import type { Redis } from 'ioredis'
import type { RedisClient } from '../redis/client.js'
import { scanMasters } from '../redis/scan.js'
import type { KeyFamilies } from './key-families.js'

/** Records that are read. */
const SAMPLE = 500
/** Steps of the walk at each server: a million keys, of which most may be other things. */
const MOST_STEPS = 500
/** Clocks of which the records agree so far, in milliseconds, count as one: some writers have whole seconds. */
const ONE_CLOCK_MS = 1_000

/** What a sample of records tells of the clocks of those who wrote them. */
export interface WriterClocks {
  /** The records of the sample that have a TTL. */
  readonly records: number
  /** How far the clock that wrote most of them is ahead of Redis's, in milliseconds. */
  readonly aheadMs: number
  /** The records that say so, within a second. */
  readonly agreeing: number
  /** How far the clock of the record that differs most is ahead; undefined if all agree. */
  readonly furthestMs: number | undefined
}

/**
 * Tells the clocks of the gateways from their records: `expire_at` is by the writer's clock, and the TTL that is left by
 * Redis's. Both mean the same moment, so that their difference is that of the clocks.
 * @returns undefined if there is no record with a TTL
 */
export async function sampleWriterClocks(
  redis: RedisClient,
  families: KeyFamilies,
): Promise<WriterClocks | undefined> {
  const offsets: number[] = []
  const isWanted = (key: string) => families.of(key) !== undefined
  const options = { pattern: families.pattern, isWanted, mayRepeat: true, maxSteps: MOST_STEPS }
  for await (const { node, keys } of scanMasters(redis, options)) {
    offsets.push(...(await offsetsOf(node, keys.slice(0, SAMPLE - offsets.length), families)))
    if (offsets.length >= SAMPLE) break
  }
  if (offsets.length === 0) return undefined
  offsets.sort((a, b) => a - b)
  const aheadMs = offsets[Math.floor(offsets.length / 2)] ?? 0
  const others = offsets.filter((offset) => Math.abs(offset - aheadMs) > ONE_CLOCK_MS)
  return {
    records: offsets.length,
    aheadMs,
    agreeing: offsets.length - others.length,
    furthestMs: others.sort((a, b) => Math.abs(b - aheadMs) - Math.abs(a - aheadMs))[0],
  }
}

async function offsetsOf(node: Redis, keys: readonly string[], families: KeyFamilies): Promise<number[]> {
  if (keys.length === 0) return []
  const pipeline = node.pipeline().time()
  for (const key of keys) pipeline.get(key).pttl(key)
  const [time, ...replies] = (await pipeline.exec()) ?? []
  const [error, parts] = time ?? []
  if (error) throw error
  const [seconds, microseconds] = parts as [number, number]
  const nowMs = Number(seconds) * 1_000 + Number(microseconds) / 1_000
  return keys.flatMap((key, index) => {
    const value = replies[2 * index]?.[1]
    const leftMs = Number(replies[2 * index + 1]?.[1])
    if (typeof value !== 'string' || !(leftMs > 0)) return []
    const parsed = families.parse(key, value)
    return 'record' in parsed ? [parsed.record.expiresAt * 1_000 - (nowMs + leftMs)] : []
  })
}
