import { createHash } from 'node:crypto'
import { cacheAffinity } from '../affinities/families/cache-affinity.js'
import type { Generation } from '../gateway/gateway.js'
import type { MemoryKeyspace } from '../redis/memory-keyspace.js'
import { CALLERS, STEADY_CALLER } from './conversations.js'
import { type DemoGateway, demandsOf, type NamedDemand } from './demo-gateway.js'
import { formatOf } from './generations.js'
import { between, pick, type Random } from './ids.js'
import { createModelMappings } from './model-mappings.js'
import { createPoolTraffic } from './pool-traffic.js'
import { createAffinityRecorder } from './recorder.js'
import { RELIC_AGE_SECONDS, writeRelics } from './relics.js'
import type { StandInRequest } from './stand-in/process.js'

/** Traffic that goes through a gateway of the demo, so that its memory holds what is in use. */
export interface ServedTraffic {
  /** Plays the past traffic. Call it once, before the first step. */
  begin(): Promise<void>
  /** Plays the requests of half a second, and removes expired records. */
  step(): Promise<void>
}

export interface ServedTrafficOptions {
  readonly generation: Generation
  readonly gateway: DemoGateway
  readonly keyspace: MemoryKeyspace
  readonly random: Random
  /** Unix milliseconds. */
  readonly now: () => number
}

interface Conversation {
  readonly demand: NamedDemand
  readonly request: StandInRequest
  requestsLeft: number
}

const AT_START = 150
const CONVERSATIONS = 90
const OLDEST_SECONDS = 90 * 60
/** Only relics have a longer one. */
const LONGEST_TTL_SECONDS = 86_400
/** This share of the requests to a Rust gateway names a session. */
const SESSION_SHARE = 0.9
/** So many conversations of one API key never pause. */
const STEADY = 4

const CLIENT_FAMILIES = {
  claude: ['claude_code', 'claude_code', 'opencode', 'cherrystudio'],
  openai: ['codex', 'cursor', 'openai_python_sdk', 'unknown'],
} as const

/**
 * Simulates clients of a gateway: conversations that pause for some seconds between requests, and a few that never pause, so
 * that a record which is removed from Redis alone comes back.
 */
export function createServedTraffic(options: ServedTrafficOptions): ServedTraffic {
  const { generation, gateway, keyspace, random, now } = options
  // The oldest generation has traffic with everything to show: see traffic.ts. Here it has what never pauses.
  const isWhole = generation !== 'ENDPOINT_KEYS'
  const demands = demandsOf(generation)
  const mappings = generation === 'PROVIDER_KEYS' ? createModelMappings(keyspace, random, 'two') : undefined
  const pools = isWhole ? createPoolTraffic(keyspace, random) : undefined
  const conversations = new Map<string, Conversation>()
  const steady = steadyConversations(generation, demands)

  async function serve({ demand, request }: Conversation): Promise<void> {
    const target = await gateway.standIn.serve(request)
    const route = demand.routes.find(({ pin }) => pin.providerKeyId === target.providerKeyId)
    if (route) mappings?.use(route.model, demand.globalModel)
  }

  /** Nobody uses the relics any more, so that they stay as they are. */
  function isRelic({ apiKeyId, apiFormat, model }: StandInRequest): boolean {
    const key = cacheAffinity.encode({ affinityKey: apiKeyId, apiFormat, modelId: model })
    return (keyspace.ttlSeconds(key) ?? 0) > LONGEST_TTL_SECONDS
  }

  function start(): Conversation | undefined {
    const demand = pick(random, demands)
    const session = generation === 'PROCESS_MEMORY' && random() < SESSION_SHARE
    const request: StandInRequest = {
      ...requestOf(demand, pick(random, CALLERS).id),
      ...(session && sessionOf(demand, String(random()), random)),
    }
    const key = JSON.stringify(request)
    if (conversations.has(key) || isRelic(request)) return undefined
    const conversation = { demand, request, requestsLeft: between(random, 3, 25) }
    conversations.set(key, conversation)
    return conversation
  }

  /** @param idleSeconds longest time since its last request */
  async function playPast(conversation: Conversation, idleSeconds: number): Promise<void> {
    const last = random() * idleSeconds
    const first = last + random() ** 3 * OLDEST_SECONDS
    const gap = between(random, 60, 250)
    for (let late = first; late > last; late -= gap) {
      gateway.setLate(late)
      await serve(conversation)
    }
    gateway.setLate(last)
    await serve(conversation)
  }

  return {
    async begin() {
      for (const conversation of steady) await playPast(conversation, 1)
      gateway.setLate(0)
      if (!isWhole) return
      if (generation === 'PROVIDER_KEYS') {
        const recorder = createAffinityRecorder(keyspace, now, () => RELIC_AGE_SECONDS)
        writeRelics(recorder, (apiFormat) => formatOf(generation, apiFormat))
      }
      for (let tries = 0; tries < AT_START; tries += 1) {
        const conversation = start()
        if (!conversation) continue
        const goesOn = tries < CONVERSATIONS
        await playPast(conversation, goesOn ? 30 : 280)
        if (!goesOn) conversations.delete(JSON.stringify(conversation.request))
      }
      gateway.setLate(0)
      pools?.begin()
    },
    async step() {
      if (isWhole) keyspace.sweep()
      if (isWhole && conversations.size < CONVERSATIONS) start()
      for (let left = isWhole ? between(random, 2, 4) : 0; left > 0 && conversations.size > 0; left -= 1) {
        const [key, conversation] = pick(random, [...conversations])
        await serve(conversation)
        conversation.requestsLeft -= 1
        if (conversation.requestsLeft === 0) conversations.delete(key)
      }
      for (const conversation of steady) await serve(conversation)
      pools?.step()
    },
  }
}

const requestOf = ({ apiFormat, model }: NamedDemand, apiKeyId: string): StandInRequest => ({
  apiKeyId,
  apiFormat,
  model,
})

/** A session as a client names it, which the gateway hashes. */
function sessionOf({ apiFormat }: NamedDemand, name: string, random: Random) {
  const clientFamily = pick(random, CLIENT_FAMILIES[apiFormat.startsWith('claude') ? 'claude' : 'openai'])
  return { clientFamily, sessionHash: createHash('sha256').update(`session=${name}`).digest('hex') }
}

function steadyConversations(generation: Generation, demands: readonly NamedDemand[]): Conversation[] {
  if (!STEADY_CALLER) return []
  const { id } = STEADY_CALLER
  return demands.slice(0, STEADY).map((demand) => ({
    demand,
    requestsLeft: Number.POSITIVE_INFINITY,
    request: {
      ...requestOf(demand, id),
      ...(generation === 'PROCESS_MEMORY' && sessionOf(demand, 'smoke-test', () => 0)),
    },
  }))
}
