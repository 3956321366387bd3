import type { Plugin } from 'graphql-yoga'
import type { Health } from './health.js'

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
