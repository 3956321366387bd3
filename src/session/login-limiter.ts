import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { RateLimitedError } from '../errors.js'
import { clientNetwork } from '../util/network.js'
import { createSlots } from '../util/slots.js'

const FAILURES = 5
const WINDOW_SECONDS = 60
const DEFAULT_SLOTS = 65_536

/** An attempt that is counted as failed until it is given back. */
export interface LoginAttempt {
  /** Call it once the attempt proves not to be a wrong password. */
  giveBack(): Promise<void>
}

export interface LoginLimiter {
  /**
   * Counts an attempt against its address and its account, before the password is looked at: of a hundred at once,
   * five are let through. A refused attempt is not counted and does not lengthen the wait.
   * @throws RateLimitedError with the whole seconds until the next attempt may succeed, 1 to 60.
   */
  reserve(address: string, account: string): Promise<LoginAttempt>
  /** Counters held now, of addresses and of accounts together. */
  counters(): number
}

export interface LoginLimiterOptions {
  /** Counters at most, for addresses and for accounts each; 1 to 2^32. */
  readonly slots?: number
  /** Chooses the slot of a name. Random, so that nobody can choose an account that shares a slot with another. */
  readonly slotKey?: Uint8Array
}

/**
 * 5 failures a minute for each address (IPv6: each /64) and for each account, whose name is trimmed and lower-cased.
 * Names are hashed into a fixed number of slots: a flood of random accounts takes no more memory than that, and
 * pushes out no counter. Two names may share a slot, and with it their failures; with 65,536 slots that is seldom.
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
    // Read before the limiter reads it, so that the window is never thought longer than it is.
    const startedAt = Date.now()
    const attempt = ({ msBeforeNext }: RateLimiterRes): LoginAttempt => {
      const windowEndsAt = startedAt + msBeforeNext
      return {
        async giveBack() {
          // In a later window the point is gone already: a reward there would grant a sixth attempt.
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
