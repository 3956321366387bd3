import { AETHER_FIGURES } from '../gateway/aether/aether-gateway.js'
import type { MemoryKeyspace } from '../redis/memory-keyspace.js'
import { type Conversation, otherRoute, startConversation } from './conversations.js'
import { createHistory } from './history.js'
import { between, pick, type Random } from './ids.js'
import { createModelMappings } from './model-mappings.js'
import { type AffinityRecorder, createAffinityRecorder } from './recorder.js'

export interface DemoTrafficOptions {
  /** Cache that the simulated gateway writes to. Its clock must be `now`. */
  readonly keyspace: MemoryKeyspace
  /** Unix milliseconds. */
  readonly now?: () => number
  readonly random?: Random
}

export interface DemoTraffic {
  /** Writes the records and counters of past traffic. Call it once, before the first step. */
  begin(): void
  /** Simulates a few requests, and removes expired records. */
  step(): void
}

const RECORDS_AT_START = 150
const CONVERSATIONS = 90
const FEWEST_REQUESTS = 2
const MOST_REQUESTS = 4
/** Share of the requests whose provider key is at its limit of concurrent requests, so that they use another one. */
const DENIED_SHARE = 0.05
/** Share of the steps with a request for an unknown model. */
const UNKNOWN_MODEL_SHARE = 0.05
/** Until then the gateway's reservation is a trial. */
const { probePhaseRequests } = AETHER_FIGURES.dynamicReservation

/** Simulates the traffic of a gateway. The demo's rows decide which API keys call which models. */
export function createDemoTraffic(options: DemoTrafficOptions): DemoTraffic {
  const { keyspace, now = Date.now, random = Math.random } = options
  const recorder = createAffinityRecorder(keyspace, now)
  const mappings = createModelMappings(keyspace, random)
  const conversations = new Map<string, Conversation>()
  let requests = 0

  const countRequests = (hits: number, misses: number, candidates: number) => {
    const probes = Math.min(hits + misses, Math.max(0, probePhaseRequests - requests))
    requests += hits + misses
    countBatches(recorder, { hits, misses, candidates, probes })
  }

  function serve(conversation: Conversation): void {
    const { identity, demand } = conversation
    const pinned = recorder.get(identity)
    countRequests(pinned ? 1 : 0, pinned ? 0 : 1, demand.routes.length)
    if (!pinned) {
      conversation.route = pick(random, demand.routes)
    } else if (random() < DENIED_SHARE) {
      recorder.countScheduler('concurrency_denied')
      conversation.route = otherRoute(random, conversation)
    }
    const { pin, model, ttlSeconds } = conversation.route
    mappings.use(model, demand.globalModel)
    const outcome = recorder.record(identity, pin, ttlSeconds)
    if (outcome.kind === 'created') recorder.countAffinity('total_affinities')
    if (outcome.kind === 'switched') {
      const toProvider = outcome.previous.providerId !== pin.providerId
      recorder.countAffinity(toProvider ? 'provider_switches' : 'key_switches')
    }
    conversation.requestsLeft -= 1
    if (conversation.requestsLeft === 0) conversations.delete(conversation.key)
  }

  return {
    begin() {
      const history = createHistory({ keyspace, now, random })
      history.writeRelics()
      const seen = new Map<string, Conversation>()
      while (seen.size < RECORDS_AT_START) {
        const conversation = startConversation(random, seen)
        if (!conversation) continue
        seen.set(conversation.key, conversation)
        const goesOn = conversations.size < CONVERSATIONS
        if (goesOn) conversations.set(conversation.key, conversation)
        const served = history.write(conversation, goesOn ? 30 : Number.POSITIVE_INFINITY)
        const { routes, globalModel } = conversation.demand
        countRequests(served - 1, 1, served * routes.length)
        recorder.countAffinity('total_affinities')
        mappings.use(conversation.route.model, globalModel)
      }
      mappings.begin()
    },

    step() {
      keyspace.sweep()
      if (conversations.size < CONVERSATIONS) {
        const conversation = startConversation(random, conversations)
        if (conversation) {
          conversations.set(conversation.key, conversation)
          serve(conversation)
        }
      }
      for (let left = between(random, FEWEST_REQUESTS, MOST_REQUESTS); left > 0; left -= 1) {
        serve(pick(random, [...conversations.values()]))
      }
      if (random() < UNKNOWN_MODEL_SHARE) mappings.askForUnknown()
    },
  }
}

/** Adds to the counters. The gateway's scheduler and its affinity manager both count the same look-ups. */
function countBatches(
  recorder: AffinityRecorder,
  counts: { hits: number; misses: number; candidates: number; probes: number },
): void {
  const { hits, misses, candidates, probes } = counts
  recorder.countScheduler('total_batches', hits + misses)
  recorder.countScheduler('total_candidates', candidates)
  recorder.countScheduler('cache_hits', hits)
  recorder.countScheduler('cache_misses', misses)
  recorder.countScheduler('reservation_probe_count', probes)
  recorder.countScheduler('reservation_stable_count', hits + misses - probes)
  recorder.countAffinity('cache_hits', hits)
  recorder.countAffinity('cache_misses', misses)
}

export interface RunningDemoTraffic {
  stop(): void
}

/**
 * Writes the past traffic at once, and then simulates a step at each interval until it is stopped. Its timer does not keep
 * the process alive.
 * @param options.intervalMs milliseconds between steps, default 500
 * @param options.onError called with the error of a failed step; the traffic goes on
 */
export function startDemoTraffic(
  options: DemoTrafficOptions & {
    readonly intervalMs?: number
    readonly onError: (error: unknown) => void
  },
): RunningDemoTraffic {
  const { intervalMs = 500, onError } = options
  const traffic = createDemoTraffic(options)
  const telling = (run: () => void) => {
    try {
      run()
    } catch (error) {
      onError(error)
    }
  }
  telling(() => traffic.begin())
  const timer = setInterval(() => telling(() => traffic.step()), intervalMs).unref()
  return { stop: () => clearInterval(timer) }
}
