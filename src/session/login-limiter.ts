import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { RateLimitedError } from '../errors.js'
import { clientNetwork } from '../util/network.js'
import { createSlots } from '../util/slots.js'

const FAILURES = 5
const WINDOW_SECONDS = 60
const DEFAULT_SLOTS = 65_536

/** A login attempt, which counts as failed until it is given back. */
export interface LoginAttempt {
  /** Stops counting this attempt, because its password was not wrong. */
  giveBack(): Promise<void>
}

export interface LoginLimiter {
  /**
   * Counts an attempt for its address and its account before the password is checked: if a hundred come at once, five pass.
   * A refused attempt is not counted, and does not make the wait longer.
   * @throws RateLimitedError with the whole seconds until the next attempt may pass, 1 to 60
   */
  reserve(address: string, account: string): Promise<LoginAttempt>
  /** Returns the number of counters in memory, of addresses and of accounts together. */
  counters(): number
}

export interface LoginLimiterOptions {
  /** The maximum number of counters for addresses, and the same for accounts; 1 to 2^32. */
  readonly slots?: number
  /** The key of the hash that maps names to slots. It is random, so that nobody can choose a name that shares a slot. */
  readonly slotKey?: Uint8Array
}

/**
 * Allows 5 failed logins a minute for each address (IPv6: each /64) and for each account, whose name is trimmed and
 * lower-cased. Names are hashed into a fixed number of slots, so that a flood of random accounts needs no more memory and
 * displaces no counter. Two names may share a slot and its failures; with 65,536 slots that is rare.
 */
export function createLoginLimiter({
  slots = DEFAULT_SLOTS,
  slotKey,
}: LoginLimiterOptions = {}): LoginLimiter {
  const options = { points: FAILURES, duration: WINDOW_SECONDS }
  const addresses = new RateLimiterMemory({ ...options, keyPrefix: 'address' })
  const accounts = new RateLimiterMemory({ ...options, keyPrefix: 'account' })

  const slotOf = createSlots(slots, slotKey)

  async function take(limiter: RateLimiterMemory, slot: number): Promise<LoginAttempt> {
    // The clock is read before the limiter reads it, so that the window never seems longer than it is.
    const startedAt = Date.now()
    const attempt = ({ msBeforeNext }: RateLimiterRes): LoginAttempt => {
      const windowEndsAt = startedAt + msBeforeNext
      return {
        async giveBack() {
          // In a later window the point no longer counts: a reward would allow a sixth attempt there.
          if (Date.now() < windowEndsAt) await limiter.reward(slot)
        },
      }
    }
    try {
      return attempt(await limiter.consume(slot))
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal
      await attempt(refusal).giveBack()
      throw new RateLimitedError(Math.max(1, Math.ceil(refusal.msBeforeNext / 1000)))
    }
  }

  return {
    async reserve(address, account) {
      const byAddress = await take(addresses, slotOf(clientNetwork(address)))
      try {
        const byAccount = await take(accounts, slotOf(account.trim().toLowerCase()))
        return {
          async giveBack() {
            await Promise.all([byAddress.giveBack(), byAccount.giveBack()])
          },
        }
      } catch (error) {
        await byAddress.giveBack()
        throw error
      }
    },
    counters: () => addresses.dump().storage.length + accounts.dump().storage.length,
  }
}
