import type { Plugin } from 'graphql-yoga'
import { RateLimitedError, UnauthenticatedError, UnavailableError } from '../../errors.js'

export interface MetricsEndpointOptions {
  /** Returns null or throws UnauthenticatedError if the token is not valid; throws UnavailableError if it cannot be checked. */
  readonly authenticate: (authorization: string | null) => Promise<unknown>
  /** True if the metrics need no token. */
  readonly isPublic: boolean
  readonly contentType: string
  readonly render: () => Promise<string>
}

/** Serves `GET /metrics` for Prometheus. It needs a viewer's token, since the figures would help an attacker. */
export function useMetrics({ authenticate, isPublic, contentType, render }: MetricsEndpointOptions): Plugin {
  async function refusal(authorization: string | null): Promise<ResponseInit | undefined> {
    if (isPublic) return undefined
    try {
      if (await authenticate(authorization)) return undefined
    } catch (error) {
      if (error instanceof UnavailableError) return { status: 503 }
      if (error instanceof RateLimitedError) {
        return { status: 429, headers: { 'retry-after': String(error.retryAfterSeconds) } }
      }
      if (!(error instanceof UnauthenticatedError)) throw error
    }
    return { status: 401, headers: { 'www-authenticate': 'Bearer' } }
  }

  return {
    async onRequest({ url, request, fetchAPI, endResponse }) {
      if (url.pathname !== '/metrics') return
      const { Response } = fetchAPI
      if (request.method !== 'GET') {
        endResponse(new Response(null, { status: 405, headers: { allow: 'GET' } }))
        return
      }
      const refused = await refusal(request.headers.get('authorization'))
      endResponse(
        refused
          ? new Response(null, refused)
          : new Response(await render(), { headers: { 'content-type': contentType } }),
      )
    },
  }
}
