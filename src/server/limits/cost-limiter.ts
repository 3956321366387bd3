import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { RateLimitedError, type RequestCost } from '../../errors.js'
import { createSlots } from '../../util/slots.js'

const WINDOW_SECONDS = 60
const SLOTS = 65_536

export interface CostLimiter {
  /**
   * Takes a cost from the budget of a name. A refused cost is not taken, so that refusals do not prolong the wait.
   * @throws RateLimitedError if the budget is too small
   */
  take(name: string, cost: number): Promise<RequestCost>
  /**
   * Checks that the budget of a name covers a cost, and takes nothing.
   * @throws RateLimitedError if the budget is too small
   */
  require(name: string, cost: number): Promise<void>
  /** Takes a cost that has arisen already, also if the budget is too small for it. */
  charge(name: string, cost: number): Promise<void>
  /** The most that one read of unknown size costs: half of the budget, so that no read is refused for ever. */
  readonly largestRead: number
}

/** Creates a fixed-window rate limiter: each name has a budget of cost for each minute. */
export function createCostLimiter(limit: number): CostLimiter {
  const limiter = new RateLimiterMemory({ points: limit, duration: WINDOW_SECONDS })
  const slotOf = createSlots(SLOTS)

  const costOf = (requested: number, { consumedPoints, msBeforeNext }: RateLimiterRes): RequestCost => ({
    requested,
    limit,
    remaining: Math.max(0, limit - consumedPoints),
    resetSeconds: Math.max(1, Math.ceil(msBeforeNext / 1_000)),
  })
  const refused = (cost: RequestCost) => new RateLimitedError(cost.resetSeconds, 'Too many requests.', cost)

  return {
    async take(name, cost) {
      const slot = slotOf(name)
      try {
        return costOf(cost, await limiter.consume(slot, cost))
      } catch (refusal) {
        if (!(refusal instanceof RateLimiterRes)) throw refusal
        throw refused(costOf(cost, await limiter.reward(slot, cost)))
      }
    },
    async require(name, cost) {
      const state = await limiter.get(slotOf(name))
      if (state && state.consumedPoints + cost > limit) throw refused(costOf(cost, state))
    },
    async charge(name, cost) {
      await limiter.penalty(slotOf(name), cost)
    },
    largestRead: Math.floor(limit / 2),
  }
}
