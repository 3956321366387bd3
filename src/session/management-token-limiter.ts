import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { RateLimitedError } from '../errors.js'
import { createLru } from '../util/lru.js'
import { clientNetwork } from '../util/network.js'
import { createSlots } from '../util/slots.js'

/** Management tokens that one network may try in a minute before one of them was good. */
const TRIES = 60
const WINDOW_SECONDS = 60
const SLOTS = 65_536
/** Tokens that were good here, with about 200 bytes each. */
const KNOWN_TOKENS = 10_000

export interface ManagementTokenLimiter {
  /**
   * Counts a token that was never good here. Any text may be such a token: only the database tells, so that strangers
   * could make it work for each of their requests.
   * @returns how to stop counting it, because the database could not tell
   * @throws RateLimitedError with the whole seconds until the next one may be tried
   */
  beforeLookUp(sha256Hex: string, address: string): Promise<() => Promise<void>>
  remember(sha256Hex: string): void
}

export function createManagementTokenLimiter(): ManagementTokenLimiter {
  const tries = new RateLimiterMemory({ points: TRIES, duration: WINDOW_SECONDS })
  const slotOf = createSlots(SLOTS)
  const known = createLru<string, true>(KNOWN_TOKENS)
  return {
    async beforeLookUp(hash, address) {
      if (known.get(hash)) return async () => {}
      const slot = slotOf(clientNetwork(address))
      const startedAt = Date.now()
      try {
        const { msBeforeNext } = await tries.consume(slot)
        return async () => {
          // In a later window it no longer counts.
          if (Date.now() < startedAt + msBeforeNext) await tries.reward(slot)
        }
      } catch (refusal) {
        if (!(refusal instanceof RateLimiterRes)) throw refusal
        const seconds = Math.max(1, Math.ceil(refusal.msBeforeNext / 1000))
        throw new RateLimitedError(seconds, 'Too many unknown tokens.')
      }
    },
    remember(hash) {
      known.set(hash, true)
    },
  }
}
