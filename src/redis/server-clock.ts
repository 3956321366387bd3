import type { Redis } from 'ioredis'
import { masterNodes, type RedisClient } from './client.js'
import { millisOf } from './expiries.js'

/**
 * The clock of a Redis, by which it removes keys. It never goes ahead of the server's own: a reply of TIME is older than its
 * arrival. In a cluster it is the slowest clock of the masters.
 */
export class ServerClock {
  /** Unix milliseconds of each master when our own clock, which never goes back, was at 0. */
  #starts: readonly number[] = []

  /** Reads the time of each master. If one does not answer, or refuses the command, the clock is unknown. */
  async read(client: RedisClient): Promise<void> {
    this.#starts = await Promise.all(masterNodes(client).map(startOf)).catch(() => [])
  }

  /** Returns Unix milliseconds; undefined while the clock is unknown. */
  now(): number | undefined {
    return this.#starts.length === 0 ? undefined : Math.min(...this.#starts) + performance.now()
  }
}

async function startOf(node: Redis): Promise<number> {
  const time = await node.time()
  return millisOf(time) - performance.now()
}
