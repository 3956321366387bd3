import type { Plugin } from 'graphql-yoga'
import { goingFirst } from '../../util/going-first.js'
import { sparing } from '../../util/promises.js'
import { runningTime } from '../../util/running-time.js'

/** A store that the service needs, and that can be pinged. */
export interface Dependency {
  readonly name: 'database' | 'cache'
  ping(): Promise<void>
}

export interface DependencyHealth {
  readonly state: 'up' | 'down'
  /** Milliseconds until the answer or the timeout. */
  readonly latencyMs: number
}

export interface Health {
  readonly status: 'ready' | 'unavailable' | 'draining'
  readonly dependencies: Readonly<Record<string, DependencyHealth>>
  /** Number of affinity keys whose values cannot be read, as of the last full read. */
  readonly brokenRecords: number
}

const PING_TIMEOUT_MS = 2_000
/** Probes that are answered by a ping of their own, and milliseconds for which all further ones share a ping. */
const PINGS = { burst: 5, everyMs: 1_000 } as const

/** The states of all stores, by their names. */
export type ReadDependencies = () => Promise<Readonly<Record<string, DependencyHealth>>>

/**
 * Reads the states of all stores, about once a second for any number of probes; a probe that comes alone has a ping of its own.
 */
export function createDependencyHealth(dependencies: readonly Dependency[]): ReadDependencies {
  const pingAll = async () =>
    Object.fromEntries(
      await Promise.all(
        dependencies.map(async (dependency) => [dependency.name, await ping(dependency)] as const),
      ),
    )
  return sparing(() => goingFirst(pingAll), PINGS.burst, PINGS.everyMs)
}

/** Tells the health. The result is public, so it has states and times but no address, version or error text. */
export async function readHealth(
  dependencies: ReadDependencies,
  service: {
    readonly affinities: { readonly brokenCount: number; readonly state: string }
    draining(): boolean
  },
): Promise<Health> {
  const states = await dependencies()
  // Before the first read of the affinities is complete, requests would only wait for it.
  const canServe =
    Object.values(states).every(({ state }) => state === 'up') && service.affinities.state !== 'starting'
  return {
    status: service.draining() ? 'draining' : canServe ? 'ready' : 'unavailable',
    dependencies: states,
    brokenRecords: service.affinities.brokenCount,
  }
}

async function ping(dependency: Dependency): Promise<DependencyHealth> {
  const startedAt = performance.now()
  const answered = dependency.ping().then(
    () => 'up' as const,
    () => 'down' as const,
  )
  const state = await Promise.race([answered, runningTime(PING_TIMEOUT_MS).then(() => 'down' as const)])
  return { state, latencyMs: Math.round((performance.now() - startedAt) * 10) / 10 }
}

/**
 * Serves `/health/live`, which always answers 200, and `/health/ready`, which answers 200 if the service can serve requests
 * and 503 if a store is down, the first read is not complete, or the service is stopping.
 */
export function useHealth(readHealth: () => Promise<Health>): Plugin {
  return {
    async onRequest({ url, request, fetchAPI, endResponse }) {
      if (request.method !== 'GET' && request.method !== 'HEAD') return
      if (url.pathname === '/health/live') endResponse(fetchAPI.Response.json({ status: 'live' }))
      if (url.pathname === '/health/ready') {
        const health = await readHealth()
        endResponse(fetchAPI.Response.json(health, { status: health.status === 'ready' ? 200 : 503 }))
      }
    },
  }
}
