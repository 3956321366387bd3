import type { Redis } from 'ioredis'
import { untilShown } from '../api/shown.js'
import type { TestApp } from './app.js'

export const pinKey = (n: number): string => `cache_affinity:key-${n}:CLAUDE:model`

/** Pins of a running gateway, which are refreshed or switched while a test reads them. */
export interface PinsInUse {
  /** Makes pins; each was last used later than the one before. */
  make(count: number): Promise<void>
  /** Refreshes these pins: they get the latest expiry and the most requests of all. */
  use(numbers: readonly number[]): Promise<void>
  /** Switches these pins to another provider. */
  move(numbers: readonly number[]): Promise<void>
  clear(numbers: readonly number[]): Promise<void>
}

const BEGIN = 1_700_000_000
/** Seconds by which Redis keeps the pins longer than they say: their own clock is a slow one. */
const LATER = 1_000_000_000

export function pinsInUse(service: TestApp, redis: Redis): PinsInUse {
  let clock = BEGIN
  const values = new Map<
    number,
    { provider: string; createdAt: number; expiresAt: number; requests: number }
  >()
  const store = async (numbers: readonly number[]) => {
    const pipeline = redis.pipeline()
    for (const n of numbers) {
      const { provider, createdAt, expiresAt, requests } = values.get(n) ?? fail(n)
      const value = {
        provider_id: provider,
        endpoint_id: 'e',
        key_id: 'k',
        created_at: createdAt,
        expire_at: expiresAt,
        request_count: requests,
      }
      pipeline.set(pinKey(n), JSON.stringify(value), 'EXAT', expiresAt + LATER)
    }
    await pipeline.exec()
    await untilShown(service)
  }
  const fail = (n: number): never => {
    throw new Error(`Pin ${n} was never made.`)
  }
  return {
    make(count) {
      const numbers = Array.from({ length: count }, (_, n) => n)
      for (const n of numbers) {
        clock += 1
        values.set(n, { provider: 'p', createdAt: clock, expiresAt: clock + 300, requests: 1 })
      }
      return store(numbers)
    },
    use(numbers) {
      for (const n of numbers) {
        clock += 1
        const pin = values.get(n) ?? fail(n)
        values.set(n, { ...pin, expiresAt: clock + 300, requests: pin.requests + 1 })
      }
      return store(numbers)
    },
    move(numbers) {
      for (const n of numbers) {
        clock += 1
        values.set(n, { provider: 'other', createdAt: clock, expiresAt: clock + 300, requests: 1 })
      }
      return store(numbers)
    },
    async clear(numbers) {
      await redis.del(numbers.map(pinKey))
      await untilShown(service)
    },
  }
}
