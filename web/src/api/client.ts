import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client'
import { SetContextLink } from '@apollo/client/link/context'
import { ErrorLink } from '@apollo/client/link/error'
import { authorization, expireSession } from '../session/session.js'
import { reportLost } from './connectivity.js'
import { codeOf, isNoAnswer } from './errors.js'
import { SseLink } from './sse-link.js'

declare module '@apollo/client' {
  interface DefaultContext {
    /** Set where a token is tried that is not the session's. */
    readonly ownAuthorization?: boolean
    /** A stream is back after a break: events in between were missed. */
    readonly onReconnected?: () => void
    /** A stream pauses, since the server cannot feed it for now. */
    readonly onInterrupted?: (error: unknown) => void
  }
  namespace ApolloClient {
    namespace DeclareDefaultOptions {
      interface WatchQuery {
        errorPolicy: 'all'
      }
      interface Query {
        errorPolicy: 'all'
      }
    }
  }
}

/** One place decides what a failure means for the whole page: a token that ended, a server that is gone. */
const watchFailures = new ErrorLink(({ error, operation }) => {
  const { ownAuthorization } = operation.getContext()
  if (codeOf(error) === 'UNAUTHENTICATED') ownAuthorization || expireSession()
  else if (isNoAnswer(error)) reportLost()
})

const authorize = new SetContextLink(({ headers, ownAuthorization }) => ({
  headers: ownAuthorization ? headers : { ...headers, ...authorization() },
}))

const http = new HttpLink({ uri: '/graphql' })

const isSubscription = ({ operationType }: ApolloLink.Operation): boolean => operationType === 'subscription'

export const client = new ApolloClient({
  link: ApolloLink.from([
    watchFailures,
    ApolloLink.split(isSubscription, new SseLink(), ApolloLink.from([authorize, http])),
  ]),
  cache: new InMemoryCache({
    typePolicies: {
      // Values without an identity: what comes later replaces what was there.
      CacheStats: { merge: false },
      CacheConfig: { merge: false },
      ModelMappingStats: { merge: false },
    },
  }),
  defaultOptions: {
    watchQuery: { fetchPolicy: 'cache-and-network', errorPolicy: 'all' },
    query: { fetchPolicy: 'network-only', errorPolicy: 'all' },
  },
  devtools: { enabled: false },
})
