import type { AffinityIdentity } from '../affinities/affinity-record.js'
import { cacheAffinity } from '../affinities/families/cache-affinity.js'
import { between, pick, type Random } from './ids.js'
import {
  API_KEY_OF_INACTIVE_USER,
  DEMO_API_KEYS,
  type DemoApiKey,
  EXPIRED_API_KEY,
  INACTIVE_API_KEY,
} from './people.js'
import { RELIC_KEYS } from './relics.js'
import { DEMO_DEMANDS, type DemoDemand, type DemoRoute } from './routes.js'

/** A series of requests with one API key for one model. After its end the affinity expires. */
export interface Conversation {
  readonly key: string
  readonly identity: AffinityIdentity
  readonly demand: DemoDemand
  route: DemoRoute
  requestsLeft: number
}

const REFUSED: ReadonlySet<DemoApiKey> = new Set([
  EXPIRED_API_KEY,
  INACTIVE_API_KEY,
  API_KEY_OF_INACTIVE_USER,
])
/** Its requests never stop: see steady-traffic.ts. */
export const STEADY_CALLER: DemoApiKey | undefined = DEMO_API_KEYS.find(({ name }) => name === 'smoke test')
export const CALLERS: readonly DemoApiKey[] = DEMO_API_KEYS.filter(
  (key) => !REFUSED.has(key) && key !== STEADY_CALLER,
)
const SHORTEST_REQUESTS = 3
const LONGEST_REQUESTS = 25

/** Draws a random conversation. Returns undefined if its affinity already belongs to another one. */
export function startConversation(
  random: Random,
  taken: ReadonlyMap<string, unknown>,
): Conversation | undefined {
  const demand = pick(random, DEMO_DEMANDS)
  const identity = {
    affinityKey: pick(random, CALLERS).id,
    apiFormat: demand.apiFormat,
    modelId: demand.globalModel.id,
  }
  const key = cacheAffinity.encode(identity)
  if (taken.has(key) || RELIC_KEYS.has(key)) return undefined
  const requestsLeft = between(random, SHORTEST_REQUESTS, LONGEST_REQUESTS)
  return { key, identity, demand, route: pick(random, demand.routes), requestsLeft }
}

/** Picks another route for the conversation; returns the same one if there is no other. */
export function otherRoute(random: Random, { demand, route }: Conversation): DemoRoute {
  const others = demand.routes.filter((one) => one !== route)
  return others.length > 0 ? pick(random, others) : route
}
