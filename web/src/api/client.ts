import { ApolloClient, ApolloLink, HttpLink, type OperationVariables } from '@apollo/client'
import { SetContextLink } from '@apollo/client/link/context'
import { ErrorLink } from '@apollo/client/link/error'
import { type DocumentNode, getOperationAST } from 'graphql'
import { tap } from 'rxjs'
import { authorization, expireSession, onSessionChange } from '../session/session.js'
import { createCache } from './cache.js'
import { reportLost } from './connectivity.js'
import { codeOf, isNoAnswer } from './errors.js'
import { RecentMap } from './recent-map.js'
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

/** When each answer was read, Unix milliseconds. The cache holds answers, and not how old they are. */
const readTimes = new RecentMap<string, number>(500)
const questionOf = (name: string | undefined, variables: OperationVariables) =>
  `${name} ${JSON.stringify(variables)}`

/** When the server last answered this question, Unix milliseconds; 0 where it has not. */
export const readAt = (document: DocumentNode, variables: OperationVariables): number =>
  readTimes.get(questionOf(getOperationAST(document)?.name?.value, variables)) ?? 0

const noteReadTimes = new ApolloLink((operation, forward) =>
  forward(operation).pipe(
    tap(({ data }) => {
      const { operationName, operationType, variables } = operation
      if (data && operationType === 'query') readTimes.set(questionOf(operationName, variables), Date.now())
    }),
  ),
)

const http = new HttpLink({ uri: '/graphql' })

const isSubscription = ({ operationType }: ApolloLink.Operation): boolean => operationType === 'subscription'

export const cache = createCache()

export const client = new ApolloClient({
  link: ApolloLink.from([
    watchFailures,
    ApolloLink.split(isSubscription, new SseLink(), ApolloLink.from([authorize, noteReadTimes, http])),
  ]),
  cache,
  defaultOptions: {
    // A page that is read again leaves the other pages of its connection where they are.
    watchQuery: { fetchPolicy: 'cache-and-network', errorPolicy: 'all', refetchWritePolicy: 'merge' },
    query: { fetchPolicy: 'network-only', errorPolicy: 'all' },
  },
  devtools: { enabled: false },
})

/** What one session has read is not the next one's: a page that stays open across a sign-in is read anew. */
onSessionChange((session) => {
  readTimes.clear()
  const cleared = session === null ? client.clearStore() : client.resetStore()
  cleared.catch((error: unknown) => isAbort(error) || reportError(error))
})

/** Nobody waits for the answer any more: the page that asked has been left. */
const isAbort = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError'
