import type { Plugin } from 'graphql-yoga'

/**
 * Headers for answers with personal data: no cache stores them, no page frames them, no browser guesses their type or runs
 * scripts in them. Pages that need scripts set their own policy.
 */
const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
} as const

/** Browsers use only TLS for this host for one year. */
const STRICT_TRANSPORT = 'max-age=31536000'

/** Returns the security headers of an answer. */
export const securityHeaders = (overTls: boolean): Readonly<Record<string, string>> => ({
  ...HEADERS,
  ...(overTls && { 'strict-transport-security': STRICT_TRANSPORT }),
})

/**
 * Adds the security headers that an answer does not have yet.
 * @param overTls returns true if the client connected over TLS, as a trusted proxy says
 */
export function useSecurityHeaders<ServerContext extends object>(
  overTls: (server: ServerContext) => boolean,
): Plugin<object, ServerContext> {
  return {
    onResponse({ response, serverContext }) {
      for (const [name, value] of Object.entries(securityHeaders(overTls(serverContext)))) {
        if (!response.headers.has(name)) response.headers.set(name, value)
      }
      // By default nginx holds events back until a buffer is full.
      if (response.headers.get('content-type')?.startsWith('text/event-stream')) {
        response.headers.set('x-accel-buffering', 'no')
      }
    },
  }
}
