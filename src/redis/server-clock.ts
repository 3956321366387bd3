import type { Redis } from 'ioredis'
import { masterNodes, type RedisClient } from './client.js'
import { millisOf } from './expiries.js'

/** The Unix milliseconds between which a master's clock was when our own clock, which never goes back, was at 0. */
interface Start {
  readonly earliest: number
  readonly latest: number
}

/**
 * The clock of a Redis, by which it removes keys, as far as the replies of TIME tell it: a reply was made after its command was
 * sent, and before it arrived, which may be long on a machine with much work.
 */
export class ServerClock {
  #starts: readonly Start[] = []

  /** Reads the time of each master. If one does not answer, or refuses the command, the clock is unknown. */
  async read(client: RedisClient): Promise<void> {
    this.#starts = await Promise.all(masterNodes(client).map(startOf)).catch(() => [])
  }

  /**
   * Returns Unix milliseconds, never ahead of the server's own clock, and in a cluster of none of the masters'; undefined while
   * the clock is unknown.
   */
  now(): number | undefined {
    return this.#starts.length === 0
      ? undefined
      : Math.min(...this.#starts.map(({ earliest }) => earliest)) + performance.now()
  }

  /** Returns Unix milliseconds that no master's clock is ahead of; undefined while the clock is unknown. */
  latest(): number | undefined {
    return this.#starts.length === 0
      ? undefined
      : Math.max(...this.#starts.map(({ latest }) => latest)) + performance.now()
  }
}

async function startOf(node: Pick<Redis, 'time'>): Promise<Start> {
  const sentAt = performance.now()
  const time = millisOf(await node.time())
  return { earliest: time - performance.now(), latest: time - sentAt }
}
