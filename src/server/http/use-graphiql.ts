import { createHash } from 'node:crypto'
import { renderGraphiQL } from '@graphql-yoga/render-graphiql'
import type { Plugin } from 'graphql-yoga'
import { BEFORE_GRAPHIQL, NOTICE_STYLE } from './graphiql-scripts.js'

export const EXAMPLES = [
  `# What is pinned where, latest expiry first.
query Affinities {
  affinities(first: 20) {
    totalCount
    pageInfo { hasNextPage endCursor }
    nodes {
      user { username }
      apiKey { name maskedKey }
      apiFormat
      modelName
      provider { displayName }
      providerKey { name }
      requestCount
      ttlSeconds
      staleReasons
    }
  }
}
`,
  `# Pins that can no longer be honoured, and why.
query StalePins {
  affinities(filter: { stale: true }, orderBy: { field: REQUEST_COUNT, direction: DESC }) {
    totalCount
    nodes { id user { username } modelName provider { name } staleReasons }
  }
}
`,
  `# One user by id, username or email, or one API key by id.
query OneUser($who: String!) {
  userAffinities(identifier: $who, first: 50) {
    ... on UserAffinities {
      user { username email }
      affinities { totalCount nodes { modelName provider { displayName } ttlSeconds } }
    }
    ... on Error { code message }
  }
}
`,
  `query WhoAmI {
  viewer { name role canClear }
}
`,
] as const

const HEADERS = JSON.stringify({ authorization: 'Bearer <your token>' }, null, 2)

const PATHS = ['/graphql', '/graphql/']
/** The path at which people look for it; the console's router must not take it. */
const OTHER_PATHS = ['/graphiql', '/graphiql/']

/**
 * Serves GraphiQL to a browser that opens `/graphql`, to which `/graphiql` leads. Its scripts come from the package and not from a CDN, so that it works
 * without internet access. The page has about 9 MB and is rendered once, at the first request.
 */
export function useGraphiql(): Plugin {
  let page: Page | undefined
  return {
    onRequest({ request, url, fetchAPI, endResponse }) {
      const wantsHtml = request.headers.get('accept')?.includes('text/html')
      if (request.method !== 'GET' || !wantsHtml) return
      if (OTHER_PATHS.includes(url.pathname)) {
        return endResponse(new fetchAPI.Response(null, { status: 302, headers: { location: '/graphql' } }))
      }
      if (!PATHS.includes(url.pathname)) return
      page ??= renderPage()
      endResponse(
        new fetchAPI.Response(page.html, {
          headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': page.policy },
        }),
      )
    },
  }
}

interface Page {
  readonly html: Uint8Array<ArrayBuffer>
  /** Content security policy: only the page's own scripts run, and they may connect to this service only. */
  readonly policy: string
}

const hashOf = (script: string): string => `'sha256-${createHash('sha256').update(script).digest('base64')}'`

function renderPage(): Page {
  const page = renderGraphiQL({
    title: 'affinityql',
    headers: HEADERS,
    defaultHeaders: HEADERS,
    defaultTabs: EXAMPLES.map((query) => ({
      query,
      headers: HEADERS,
      ...(query.includes('$who') && { variables: JSON.stringify({ who: 'alice' }, null, 2) }),
    })),
    // Tokens must not be written to local storage.
    shouldPersistHeaders: false,
  })
  const script = page.slice(page.indexOf('<script>') + '<script>'.length, page.lastIndexOf('</script>'))
  const html = page.replace('<script>', () => `${NOTICE_STYLE}<script>${BEFORE_GRAPHIQL}</script><script>`)
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(BEFORE_GRAPHIQL)} ${hashOf(script)}`,
    'worker-src blob:',
    // The editor adds style elements and attributes while it runs.
    "style-src 'unsafe-inline'",
    'img-src data:',
    'font-src data:',
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ]
  return { html: new TextEncoder().encode(html), policy: policy.join('; ') }
}
