import { type ClearFacts, clearFacts } from '../affinities/clear/clear-facts.js'
import type { HoldingClearer } from '../affinities/clear/clear-report.js'
import { type ClearStop, removeUntilStop } from '../affinities/clear/clear-stop.js'
import { createHoldingClearer } from '../affinities/clear/holding-clearer.js'
import type { Config } from '../config/load-config.js'
import type { Gateway } from '../gateway/gateway.js'
import { createClearTables } from '../gateway/nodes/clear-tables.js'
import type { GatewayNodes, Generation } from '../gateway/nodes/gateway-nodes.js'
import type { Cache } from '../open-cache.js'
import type { PoolSessionStore } from '../pool-sessions/pool-session-store.js'
import type { Affinities } from './open-affinities.js'

export interface Clears {
  readonly clearer: HoldingClearer
  /** Says what clears can do here. */
  readonly clearFacts: () => ClearFacts
  /** Store whose removals end when the instance stops. */
  readonly poolSessionStore: PoolSessionStore
}

export interface ClearsDeps {
  readonly cache: Cache
  readonly config: Pick<Config, 'gateways' | 'clearAtOnce'>
  readonly gateway: Gateway
  readonly generation: () => Generation
  readonly affinities: Affinities
  readonly nodes: GatewayNodes | undefined
  readonly stop: ClearStop
  /** Unix milliseconds. */
  readonly now: () => number
}

/** Puts together what clears affinities: in the cache, and at the gateway's nodes. */
export function openClears({
  cache,
  config,
  gateway,
  generation,
  affinities,
  nodes,
  stop,
  now,
}: ClearsDeps): Clears {
  const sessions = cache.poolSessions
  return {
    clearer: createHoldingClearer({
      store: affinities.clearingStore,
      guard: affinities.guard,
      stop,
      followUps: affinities.followUps,
      countInvalidations: (count) => cache.statsStore.addInvalidations(count),
      nodes,
      generation,
      clearsAtOnce: config.clearAtOnce,
      reader: () => affinities.source.reader(),
      tables: createClearTables(gateway.store),
      defaultTtlSeconds: gateway.figures.affinityTtlSeconds,
      now,
    }),
    clearFacts: () =>
      clearFacts({
        generation: generation(),
        nodes: nodes?.states() ?? [],
        hasUnlistedRecords: nodes?.hasUnlistedRecords() ?? null,
        hasToken: config.gateways?.token !== undefined || config.gateways?.tokenFile !== undefined,
        mayActAtOnce: config.clearAtOnce,
      }),
    poolSessionStore: {
      get scannedKeys() {
        return sessions.scannedKeys
      },
      readAll: () => sessions.readAll(),
      remove: (some) => removeUntilStop(stop, some, (batch) => sessions.remove(batch)),
    },
  }
}
