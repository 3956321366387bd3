import type { Plugin } from 'graphql-yoga'
import type { Health } from './health.js'

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
