import type { Plugin } from 'graphql-yoga'

/** A dependency that can be asked whether it answers. */
export interface Dependency {
  readonly name: 'database' | 'cache'
  ping(): Promise<void>
}

export interface DependencyHealth {
  readonly state: 'up' | 'down'
  /** Milliseconds until the answer, or until it was given up. */
  readonly latencyMs: number
}

export interface Health {
  readonly status: 'ready' | 'unavailable' | 'draining'
  readonly dependencies: Readonly<Record<string, DependencyHealth>>
  /** Keys of the affinity family whose values cannot be read, as of the last full read. */
  readonly brokenRecords: number
}

const PING_TIMEOUT_MS = 2_000

/** Asks every dependency at once. Tells states and times only: no address, no version, no error text. */
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
  // Until the first read of the affinities has ended every request would wait for it.
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
 * `/health/live`: this process answers. `/health/ready`: 200 where it can serve, 503 where a dependency is down or it
 * is about to stop.
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
