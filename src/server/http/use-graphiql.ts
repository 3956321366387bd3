import { createHash } from 'node:crypto'
import { renderGraphiQL } from '@graphql-yoga/render-graphiql'
import type { Plugin } from 'graphql-yoga'

export const EXAMPLES = [
  `# What is pinned where, latest expiry first. Put your token into the Headers tab below.
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

/**
 * Serves GraphiQL to a browser that opens `/graphql`. Its scripts come from the package and not from a CDN, so that it works
 * without internet access. The page has about 9 MB and is rendered once, at the first request.
 */
export function useGraphiql(): Plugin {
  let page: Page | undefined
  return {
    onRequest({ request, url, fetchAPI, endResponse }) {
      const wantsHtml = request.headers.get('accept')?.includes('text/html')
      if (request.method !== 'GET' || !wantsHtml || !PATHS.includes(url.pathname)) return
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

/** Script that uses the token of the console's session, if the console opened the tab and no other token was entered. */
const USE_SESSION = `{
const session = sessionStorage.getItem('affinityql.session')
if (session) {
  const { token, deviceId } = JSON.parse(session)
  const send = window.fetch
  window.fetch = (url, init = {}) => {
    const headers = new Headers(init.headers)
    if (!headers.has('authorization') || headers.get('authorization').includes('<your token>')) {
      headers.set('authorization', 'Bearer ' + token)
      if (deviceId) headers.set('x-client-device-id', deviceId)
    }
    return send(url, { ...init, headers })
  }
}
}
`

/**
 * Script that stores the texts of the active tab before GraphiQL starts. GraphiQL chooses the tab to open by these texts but
 * stores them only when they are edited, so that a returning user would otherwise get a new empty tab.
 */
const REOPEN_TAB = `try {
const { tabs, activeTabIndex } = JSON.parse(localStorage.getItem('graphiql:tabState'))
for (const part of ['query', 'variables']) localStorage.setItem('graphiql:' + part, tabs[activeTabIndex][part] ?? '')
} catch {}
`

/** Script that runs before GraphiQL. */
const BEFORE = USE_SESSION + REOPEN_TAB

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
  const html = page.replace('<script>', () => `<script>${BEFORE}</script><script>`)
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(BEFORE)} ${hashOf(script)}`,
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
