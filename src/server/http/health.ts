import type { Plugin } from 'graphql-yoga'

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

/** Pings all stores at once. The result is public, so it has states and times but no address, version or error text. */
export async function readHealth(
  dependencies: readonly Dependency[],
  service: {
    readonly affinities: { readonly brokenCount: number; readonly state: string }
    draining(): boolean
  },
): Promise<Health> {
  const states = await Promise.all(
    dependencies.map(async (dependency) => [dependency.name, await ping(dependency)] as const),
  )
  // Before the first read of the affinities is complete, requests would only wait for it.
  const canServe = states.every(([, { state }]) => state === 'up') && service.affinities.state !== 'starting'
  return {
    status: service.draining() ? 'draining' : canServe ? 'ready' : 'unavailable',
    dependencies: Object.fromEntries(states),
    brokenRecords: service.affinities.brokenCount,
  }
}

async function ping(dependency: Dependency): Promise<DependencyHealth> {
  const startedAt = performance.now()
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), PING_TIMEOUT_MS)
  })
  const state = await Promise.race([dependency.ping(), timeout]).then(
    () => 'up' as const,
    () => 'down' as const,
  )
  clearTimeout(timer)
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
