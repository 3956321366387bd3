import type { AffinitySource } from '../affinities/affinity-source.js'
import type { AuditTrail } from '../audit/audit-trail.js'
import type { ModeConfig } from '../config/mode.js'
import type { Cache } from '../open-cache.js'
import type { Database } from '../postgres/database.js'
import { createDependencyHealth, readHealth } from '../server/http/health.js'
import type { GatewayPoller } from '../statistics/gateway-poller.js'

export interface HealthDeps {
  readonly mode: ModeConfig
  readonly database: Database
  readonly cache: Cache
  readonly affinities: AffinitySource
  readonly audit: AuditTrail
  readonly poller: GatewayPoller | undefined
  readonly draining: () => boolean
}

/** Creates the function that says whether the service can serve requests, and what it waits for. */
export function openHealth({ mode, database, cache, affinities, audit, poller, draining }: HealthDeps) {
  const dependencies = createDependencyHealth([
    { name: 'database', ping: () => database.ping() },
    { name: 'cache', ping: () => cache.ping() },
  ])
  return async () => ({
    ...(await readHealth(dependencies, { affinities, draining })),
    affinityIndex: affinities.state,
    ...(affinities.scanReason && { affinityIndexReason: affinities.scanReason }),
    auditSpool: audit.spooled,
    ...(poller && { gateways: countGateways(poller) }),
    ...(mode.kind === 'embedded' && { demo: mode.generation }),
  })
}

/** Counts the polled gateways that answer and those that do not. Health is public, so it does not have their addresses. */
function countGateways(gateways: GatewayPoller): { readonly up: number; readonly down: number } {
  const states = gateways.states()
  const up = states.filter(({ isUp }) => isUp).length
  return { up, down: states.length - up }
}
