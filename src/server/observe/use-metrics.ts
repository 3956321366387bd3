import type { Plugin } from 'graphql-yoga'
import { RateLimitedError, UnauthenticatedError, UnavailableError } from '../../errors.js'

export interface MetricsEndpointOptions {
  /** Null or UnauthenticatedError where the header holds no valid token; UnavailableError where that cannot be found out. */
  readonly authenticate: (authorization: string | null) => Promise<unknown>
  /** Whether anybody may read it, without a token. */
  readonly isPublic: boolean
  readonly contentType: string
  readonly render: () => Promise<string>
}

/** `GET /metrics` for Prometheus, with any viewer's token: what it tells is of use to an attacker as well. */
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
