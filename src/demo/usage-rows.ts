/** What the demo's gateway has recorded of its requests: thirty days, with some hours in which it switched keys again and again. */
import type { Generation } from '../gateway/gateway.js'
import { CALLERS } from './conversations.js'
import { formatOf } from './generations.js'
import { between, pick, type Random } from './ids.js'
import { DEMO_DEMANDS, type DemoDemand, type DemoRoute } from './routes.js'
import { DEMO_PROVIDER_KEYS, DEMO_PROVIDERS } from './upstreams.js'

/** US dollars for a million tokens: of input, of tokens read from the cache, and of tokens written to it. */
interface Prices {
  readonly input: number
  readonly read: number
  readonly creation: number | null
}

/** The models that run on machines of one's own have no price. */
const PRICES: Readonly<Record<string, Prices>> = {
  'claude-sonnet-4-5': { input: 3, read: 0.3, creation: 3.75 },
  'claude-haiku-4-5': { input: 1, read: 0.1, creation: 1.25 },
  'claude-opus-4-1': { input: 15, read: 1.5, creation: 18.75 },
  'gpt-5': { input: 1.25, read: 0.125, creation: null },
  'gpt-5-mini': { input: 0.25, read: 0.025, creation: null },
}

const HOUR_MS = 3_600_000
const DAYS = 30
const CONVERSATIONS_A_DAY = 7
/** The storm, in hours before now, and how often a request went to another key in it and at all other times. */
const STORM = { from: 8, to: 5, conversations: 20, switches: 0.5 } as const
const SWITCHES = 0.02
/** Milliseconds for which a provider keeps what it has cached. */
const CACHED_MS = 5 * 60_000

/** One request, as all generations count it. */
export interface DemoRequest {
  readonly at: number
  readonly conversation: number
  readonly caller: (typeof CALLERS)[number]
  readonly demand: DemoDemand
  readonly route: DemoRoute
  readonly uncached: number
  readonly read: number
  readonly created: number
  readonly isCompleted: boolean
}

/** Draws the requests of thirty days before a time, in Unix milliseconds. */
export function demoRequests(now: number, random: Random): readonly DemoRequest[] {
  const requests: DemoRequest[] = []
  let conversation = 0
  const talk = (startsAt: number, demand: DemoDemand, switches: number) => {
    conversation += 1
    requests.push(...conversationOf({ startsAt, demand, switches, conversation, now }, random))
  }
  for (let day = DAYS; day > 0; day -= 1)
    for (let n = 0; n < CONVERSATIONS_A_DAY; n += 1)
      talk(now - (day - random()) * 24 * HOUR_MS, pick(random, DEMO_DEMANDS), SWITCHES)
  const stormy = DEMO_DEMANDS.filter(({ routes }) => routes.length > 1)
  for (let n = 0; n < STORM.conversations; n += 1) {
    const hoursAgo = STORM.from - random() * (STORM.from - STORM.to)
    talk(now - hoursAgo * HOUR_MS, pick(random, stormy), STORM.switches)
  }
  return requests
}

interface Talk {
  readonly startsAt: number
  readonly demand: DemoDemand
  readonly switches: number
  readonly conversation: number
  readonly now: number
}

/** Each request sends all that was said before, which the provider reads from its cache if the key is the same. */
function* conversationOf(talk: Talk, random: Random): Generator<DemoRequest> {
  const { demand, switches, conversation, now } = talk
  const caller = pick(random, CALLERS)
  const tellsCreation = demand.apiFormat.startsWith('CLAUDE')
  let at = talk.startsAt
  let route = pick(random, demand.routes)
  let said = between(random, 4_000, 30_000)
  let cachedUntil = 0
  for (let left = between(random, 3, 10); left > 0 && at < now; left -= 1) {
    const others = demand.routes.filter((one) => one !== route)
    if (others.length > 0 && random() < switches) {
      route = pick(random, others)
      cachedUntil = 0
    }
    const isCompleted = random() > 0.03
    const added = between(random, 200, 2_500)
    const read = at < cachedUntil ? said : 0
    const fresh = said + added - read
    const created = tellsCreation ? Math.floor(fresh * 0.95) : 0
    yield { at, conversation, caller, demand, route, uncached: fresh - created, read, created, isCompleted }
    if (isCompleted) {
      said += added
      cachedUntil = at + CACHED_MS
    }
    at += random() ** 3 * 9 * 60_000 + 5_000
  }
}

const cost = (tokens: number, price: number | null | undefined): number =>
  price === null || price === undefined ? 0 : (tokens * price) / 1e6

/** The rows of a generation: of its table `usage`, and of how each request was settled where the gateway keeps that. */
export function usageRows(
  requests: readonly DemoRequest[],
  generation: Generation,
): { readonly usage: readonly object[]; readonly settled: readonly object[] } {
  const rows = requests.map((request, at) => rowOf(request, `demo-${at}`, generation))
  return {
    usage: rows.map(({ usage }) => usage),
    settled: generation === 'PROCESS_MEMORY' ? rows.flatMap(({ settled }) => settled) : [],
  }
}

function rowOf(request: DemoRequest, id: string, generation: Generation) {
  const { at, caller, demand, route, uncached, read, created, isCompleted } = request
  const key = DEMO_PROVIDER_KEYS.find((one) => one.id === route.pin.providerKeyId)
  const provider = DEMO_PROVIDERS.find((one) => one.id === route.pin.providerId)
  const prices = PRICES[demand.globalModel.name]
  const tellsPrices = generation === 'ENDPOINT_KEYS'
  const countsWithin = generation !== 'PROVIDER_KEYS' && demand.apiFormat.startsWith('OPENAI')
  const apiFormat = formatOf(generation, demand.apiFormat)
  const costs = {
    read: cost(read, prices?.read),
    creation: cost(created, prices?.creation),
  }
  const usage = {
    id,
    request_id: id,
    user_id: caller.userId,
    api_key_id: caller.id,
    provider: provider?.displayName,
    provider_name: provider?.displayName,
    provider_id: route.pin.providerId,
    provider_endpoint_id: route.pin.endpointId,
    provider_api_key_id: route.pin.providerKeyId,
    model: demand.globalModel.name,
    api_format: apiFormat,
    endpoint_api_format: apiFormat,
    input_tokens: uncached + (countsWithin ? read : 0),
    cache_read_input_tokens: read,
    cache_creation_input_tokens: created,
    input_cost_usd: cost(uncached, prices?.input),
    cache_read_cost_usd: costs.read,
    cache_creation_cost_usd: costs.creation,
    rate_multiplier: key?.rateMultiplier,
    input_price_per_1m: tellsPrices ? prices?.input : null,
    cache_read_price_per_1m: tellsPrices ? prices?.read : null,
    cache_creation_price_per_1m: tellsPrices ? prices?.creation : null,
    status: isCompleted ? 'completed' : 'failed',
    request_metadata:
      generation === 'PROCESS_MEMORY'
        ? { client_session_affinity: { session_key: `session=demo-${request.conversation}` } }
        : null,
    created_at: new Date(at).toISOString(),
  }
  const settled = {
    request_id: id,
    billing_status: 'settled',
    rate_multiplier: key?.rateMultiplier,
    input_price_per_1m: prices?.input,
    cache_read_price_per_1m: prices?.read,
    cache_creation_price_per_1m: prices?.creation,
    billing_effective_input_tokens: uncached,
    billing_cache_read_tokens: read,
    billing_cache_creation_tokens: created,
    billing_cache_read_cost_usd: costs.read,
    billing_cache_creation_cost_usd: costs.creation,
  }
  return { usage, settled: isCompleted ? [settled] : [] }
}
