import type { Plugin } from 'graphql-yoga'

/**
 * Answers hold other people's data: no cache keeps them, no page frames them, no browser guesses their type, and
 * nothing in them is run. A page that is meant to run brings a policy of its own.
 */
const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
} as const

/** For a year browsers ask for this host over TLS alone. */
const STRICT_TRANSPORT = 'max-age=31536000'

/** @param overTls whether the client has come over TLS, as far as that can be believed */
export function useSecurityHeaders<ServerContext extends object>(
  overTls: (server: ServerContext) => boolean,
): Plugin<object, ServerContext> {
  return {
    onResponse({ response, serverContext }) {
      if (overTls(serverContext)) response.headers.set('strict-transport-security', STRICT_TRANSPORT)
      for (const [name, value] of Object.entries(HEADERS)) {
        if (!response.headers.has(name)) response.headers.set(name, value)
      }
      // nginx would collect events until a buffer is full.
      if (response.headers.get('content-type')?.startsWith('text/event-stream')) {
        response.headers.set('x-accel-buffering', 'no')
      }
    },
  }
}
