import { renderGraphiQL } from '@graphql-yoga/render-graphiql'
import type { YogaServerOptions } from 'graphql-yoga'

type GraphiQL = Pick<YogaServerOptions<object, object>, 'graphiql' | 'renderGraphiQL'>

const EXAMPLES = [
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
  userAffinities(identifier: $who) {
    ... on UserAffinities {
      user { username email }
      affinities(first: 50) { totalCount nodes { modelName provider { displayName } ttlSeconds } }
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

/** GraphiQL from its package, not from a CDN: it works where the internet does not. */
export function graphiqlOptions(enabled: boolean): GraphiQL {
  if (!enabled) return { graphiql: false }
  return {
    graphiql: {
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
    },
    renderGraphiQL,
  }
}
