import { AETHER_FIGURES } from '../gateway/aether/figures.js'
import type { MemoryKeyspace } from '../redis/memory-keyspace.js'
import { type Conversation, otherRoute, startConversation } from './conversations.js'
import { createHistory } from './history.js'
import { createModelMappings } from './model-mappings.js'
import { between, pick, type Random } from './random.js'
import { type AffinityRecorder, createAffinityRecorder } from './recorder.js'

export interface DemoTrafficOptions {
  /** Where the simulated gateway writes. Its clock must be `now`. */
  readonly keyspace: MemoryKeyspace
  /** Unix milliseconds. */
  readonly now?: () => number
  readonly random?: Random
}

export interface DemoTraffic {
  /** Leaves what a gateway that has been running for a while would have left. Once, before the first step. */
  begin(): void
  /** A few requests, and an end to what has expired. */
  step(): void
}

const RECORDS_AT_START = 150
const CONVERSATIONS = 90
const FEWEST_REQUESTS = 2
const MOST_REQUESTS = 4
/** This share of the requests finds its provider key at the limit of concurrent requests, and goes elsewhere. */
const DENIED_SHARE = 0.05
/** This share of the steps brings a request for a model that nobody has. */
const UNKNOWN_MODEL_SHARE = 0.05
/** Until then the gateway's reservation is a trial. */
const { probePhaseRequests } = AETHER_FIGURES.dynamicReservation

/** A gateway's traffic, simulated through the recorder: the demo's rows decide who may call what. */
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

/** Scheduler and affinity manager count the same lookups, each on its own account. */
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
 * Begins the traffic, so that the first records are there, and goes on until it is stopped; it keeps no process alive.
 * @param options.intervalMs milliseconds between steps, default 500
 * @param options.onError told of a step that failed; the traffic goes on
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
