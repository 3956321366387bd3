import type { MemoryKeyspace } from '../redis/memory-keyspace.js'
import type { Conversation } from './conversations.js'
import { between, type Random } from './ids.js'
import { createAffinityRecorder } from './recorder.js'
import { RELIC_AGE_SECONDS, writeBrokenValue, writeRelics } from './relics.js'

const OLDEST_SECONDS = 90 * 60
const MOST_REQUESTS = 40

export interface HistoryOptions {
  readonly keyspace: MemoryKeyspace
  /** Clock of the keyspace, in Unix milliseconds. */
  readonly now: () => number
  readonly random: Random
}

/** Writes the records that a gateway would have left after some days of traffic. */
export interface History {
  /**
   * Writes the record of a conversation that has gone on for a while. Returns the number of its requests.
   * @param idleSeconds longest time since its last request; it is also limited to less than the pin's TTL
   */
  write(conversation: Conversation, idleSeconds: number): number
  /** Writes the records that no request uses any more. */
  writeRelics(): void
}

export function createHistory({ keyspace, now, random }: HistoryOptions): History {
  let secondsAgo = 0
  const recorder = createAffinityRecorder(keyspace, now, () => secondsAgo)

  return {
    write({ identity, route }, idleSeconds) {
      const last = random() * Math.min(idleSeconds, route.ttlSeconds * 0.95)
      const first = last + random() ** 3 * OLDEST_SECONDS
      const requests = between(random, 1, Math.min(MOST_REQUESTS, 1 + Math.floor(first / 10)))
      for (let request = 1; request < requests; request += 1) {
        secondsAgo = first - ((first - last) * (request - 1)) / requests
        recorder.record(identity, route.pin, OLDEST_SECONDS + route.ttlSeconds)
      }
      secondsAgo = last
      recorder.record(identity, route.pin, route.ttlSeconds)
      return requests
    },
    writeRelics() {
      secondsAgo = RELIC_AGE_SECONDS
      writeRelics(recorder)
      writeBrokenValue(keyspace)
    },
  }
}
