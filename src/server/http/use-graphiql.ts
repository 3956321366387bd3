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
 * GraphiQL for a browser that opens `/graphql`, from its package, not from a CDN: it works where the internet does
 * not. The page, some 9 MB, is made once, when it is first asked for.
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
  /** Only the page's own script runs, and it speaks to this service alone. */
  readonly policy: string
}

/** A tab that the console opened has its session; it stands in for the placeholder until another token is given. */
const USE_SESSION = `{
const session = sessionStorage.getItem('affinityql.session')
if (session) {
  const { token } = JSON.parse(session)
  const send = window.fetch
  window.fetch = (url, init = {}) => {
    const headers = new Headers(init.headers)
    if (!headers.has('authorization') || headers.get('authorization').includes('<your token>'))
      headers.set('authorization', 'Bearer ' + token)
    return send(url, { ...init, headers })
  }
}
}
`

/**
 * GraphiQL opens the tab whose texts are those that it was left with, and notes these only when they are edited: without
 * this, whoever comes back finds an empty tab before the others.
 */
const REOPEN_TAB = `try {
const { tabs, activeTabIndex } = JSON.parse(localStorage.getItem('graphiql:tabState'))
for (const part of ['query', 'variables']) localStorage.setItem('graphiql:' + part, tabs[activeTabIndex][part] ?? '')
} catch {}
`

/** Runs before GraphiQL. */
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
    // The token stays in this tab's memory: it is not for local storage.
    shouldPersistHeaders: false,
  })
  const script = page.slice(page.indexOf('<script>') + '<script>'.length, page.lastIndexOf('</script>'))
  const html = page.replace('<script>', () => `<script>${BEFORE}</script><script>`)
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(BEFORE)} ${hashOf(script)}`,
    'worker-src blob:',
    // The editor writes style elements and attributes as it goes.
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
