import { createHash } from 'node:crypto'
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { RateLimitedError } from '../errors.js'
import { createLru } from '../util/lru.js'
import { clientNetwork, widerNetwork } from '../util/network.js'
import { createSlots } from '../util/slots.js'

/** Failures in a minute of one client network, of one account, and of one account from one network that is known for it. */
const FAILURES = 5
/** Failures in a minute of all networks in one IPv4 /24 or IPv6 /48. */
const WIDER_FAILURES = 20
/** Failures in a minute of all networks together. At bcrypt's cost 12 they keep one core busy for half of the time. */
const TOTAL_FAILURES = 60
const WINDOW_SECONDS = 60
const DEFAULT_SLOTS = 65_536
/** Pairs of an account and a network that are remembered, with about 200 bytes each. */
const KNOWN_PAIRS = 10_000

/** A login attempt, which counts as failed until it is given back. */
export interface LoginAttempt {
  /** True if the account has signed in from this network before. */
  readonly isKnown: boolean
  /** Stops counting this attempt, because its password was not wrong. */
  giveBack(): Promise<void>
}

export interface LoginLimiter {
  /**
   * Counts an attempt before the password is checked: if a hundred come at once, five pass. A refused attempt is not counted,
   * and does not make the wait longer.
   * @throws RateLimitedError with the whole seconds until the next attempt may pass, 1 to 60
   */
  reserve(address: string, account: string): Promise<LoginAttempt>
  /** Remembers that the account has signed in from this address. */
  remember(address: string, account: string): void
  /** Returns the number of counters in memory, of all kinds together. */
  counters(): number
}

export interface LoginLimiterOptions {
  /** The maximum number of counters of each kind; 1 to 2^32. */
  readonly slots?: number
  /** The key of the hash that maps names to slots. It is random, so that nobody can choose a name that shares a slot. */
  readonly slotKey?: Uint8Array
}

/**
 * Limits failed logins a minute by four counters: 5 for each address (IPv6: each /64), 20 for each /24 or /48, 5 for each
 * account, whose name is trimmed and lower-cased, and 60 in all. An account that has signed in from a network before is
 * counted apart there, with 5 failures for the two together: nobody elsewhere can lock it out.
 *
 * Names are hashed into a fixed number of slots, so that a flood of random accounts needs no more memory and displaces no
 * counter. Two names may share a slot and its failures; with 65,536 slots that is rare. Only a right password adds a known
 * pair, so that no flood displaces one.
 */
export function createLoginLimiter({
  slots = DEFAULT_SLOTS,
  slotKey,
}: LoginLimiterOptions = {}): LoginLimiter {
  const counterOf = (points: number) => new RateLimiterMemory({ points, duration: WINDOW_SECONDS })
  const addresses = counterOf(FAILURES)
  const widerNetworks = counterOf(WIDER_FAILURES)
  const accounts = counterOf(FAILURES)
  const total = counterOf(TOTAL_FAILURES)
  const pairs = counterOf(FAILURES)
  const known = createLru<string, true>(KNOWN_PAIRS)

  const slotOf = createSlots(slots, slotKey)

  async function take(limiter: RateLimiterMemory, slot: number): Promise<() => Promise<void>> {
    // The clock is read before the limiter reads it, so that the window never seems longer than it is.
    const startedAt = Date.now()
    const givingBack = ({ msBeforeNext }: RateLimiterRes) => {
      const windowEndsAt = startedAt + msBeforeNext
      return async () => {
        // In a later window the point no longer counts: a reward would allow a sixth attempt there.
        if (Date.now() < windowEndsAt) await limiter.reward(slot)
      }
    }
    try {
      return givingBack(await limiter.consume(slot))
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal
      await givingBack(refusal)()
      throw new RateLimitedError(Math.max(1, Math.ceil(refusal.msBeforeNext / 1000)))
    }
  }

  /** Takes a point of each counter, or of none. */
  async function takeAll(counters: readonly (readonly [RateLimiterMemory, string])[]) {
    const taken: (() => Promise<void>)[] = []
    const giveBack = async () => {
      await Promise.all(taken.map((back) => back()))
    }
    try {
      for (const [limiter, name] of counters) taken.push(await take(limiter, slotOf(name)))
    } catch (error) {
      await giveBack()
      throw error
    }
    return giveBack
  }

  return {
    async reserve(address, account) {
      const network = clientNetwork(address)
      const name = folded(account)
      const pair = pairOf(network, name)
      const isKnown = known.get(pair) === true
      // The narrowest counter is first: attempts that it refuses must not use up the wider ones even for a moment.
      const giveBack = await takeAll(
        isKnown
          ? [[pairs, pair]]
          : [
              [addresses, network],
              [widerNetworks, widerNetwork(address)],
              [accounts, name],
              [total, ''],
            ],
      )
      return { isKnown, giveBack }
    },
    remember(address, account) {
      known.set(pairOf(clientNetwork(address), folded(account)), true)
    },
    counters: () =>
      [addresses, widerNetworks, accounts, total, pairs].reduce(
        (sum, limiter) => sum + limiter.dump().storage.length,
        0,
      ),
  }
}

const folded = (account: string): string => account.trim().toLowerCase()

/** Names an account at a network in a fixed length. */
const pairOf = (network: string, account: string): string =>
  createHash('sha256')
    .update(JSON.stringify([network, account]))
    .digest('base64url')
