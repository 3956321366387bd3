import { ApolloClient, ApolloLink, HttpLink, type OperationVariables } from '@apollo/client'
import { SetContextLink } from '@apollo/client/link/context'
import { ErrorLink } from '@apollo/client/link/error'
import { type DocumentNode, getOperationAST } from 'graphql'
import { tap } from 'rxjs'
import { authorization, expireSession, onSessionChange } from '../session/session.js'
import { createCache } from './cache.js'
import { heardServer, reportLost } from './connectivity.js'
import { codeOf, isNoAnswer } from './errors.js'
import { LargeReadsLink } from './large-reads.js'
import { RecentMap } from './recent-map.js'
import { SseLink } from './sse-link.js'
import { ANSWER_MS, CLEAR_MS, isTimeout, withTimeout } from './timed-fetch.js'

declare module '@apollo/client' {
  interface DefaultContext {
    /** The request carries a token that is not the session's, to try it. */
    readonly ownAuthorization?: boolean
    /** The stream is open after a break, or after it could not be opened: events in between are lost. */
    readonly onReconnected?: () => void
    /** The stream pauses because the server cannot feed it for now. */
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

/** The link tells the page about failures of the whole session: the token has ended, or the server is gone. */
const watchFailures = new ErrorLink(({ error, operation }) => {
  const { ownAuthorization, headers } = operation.getContext()
  if (codeOf(error) === 'UNAUTHENTICATED') ownAuthorization || expireSession(headers?.['authorization'])
  // One question without an answer may only be a hard one: whether the server is lost, its other answers tell.
  else if (isNoAnswer(error) && !isTimeout(error)) reportLost()
})

const authorize = new SetContextLink(({ headers, ownAuthorization }) => ({
  headers: ownAuthorization ? headers : { ...headers, ...authorization() },
}))

const endUnanswered = new SetContextLink(({ fetchOptions }, { operationType }) => ({
  fetchOptions: {
    ...fetchOptions,
    signal: withTimeout(fetchOptions?.signal, operationType === 'mutation' ? CLEAR_MS : ANSWER_MS),
  },
}))

/** The times of the last answers, Unix milliseconds. The cache stores answers, but not when they were read. */
const readTimes = new RecentMap<string, number>(500)
const questionOf = (name: string | undefined, variables: OperationVariables) =>
  `${name} ${JSON.stringify(variables)}`

/** Returns when the server last answered this query, Unix milliseconds; 0 if it has not. */
export const readAt = (document: DocumentNode, variables: OperationVariables): number =>
  readTimes.get(questionOf(getOperationAST(document)?.name?.value, variables)) ?? 0

const noteReadTimes = new ApolloLink((operation, forward) =>
  forward(operation).pipe(
    tap(({ data }) => {
      heardServer()
      const { operationName, operationType, variables } = operation
      if (data && operationType === 'query') readTimes.set(questionOf(operationName, variables), Date.now())
    }),
  ),
)

const http = new HttpLink({ uri: '/graphql', fetchOptions: { redirect: 'error' } })

const isSubscription = ({ operationType }: ApolloLink.Operation): boolean => operationType === 'subscription'

export const cache = createCache()

export const client = new ApolloClient({
  link: ApolloLink.from([
    watchFailures,
    ApolloLink.split(
      isSubscription,
      new SseLink(),
      ApolloLink.from([new LargeReadsLink(), authorize, endUnanswered, noteReadTimes, http]),
    ),
  ]),
  cache,
  defaultOptions: {
    // A refetch of one page must not drop the other pages of its connection.
    watchQuery: { fetchPolicy: 'cache-and-network', errorPolicy: 'all', refetchWritePolicy: 'merge' },
    query: { fetchPolicy: 'network-only', errorPolicy: 'all' },
  },
  devtools: { enabled: false },
})

/** A new session must not see what another session has read. Open pages read their data again. */
onSessionChange((session) => {
  readTimes.clear()
  const cleared = session === null ? client.clearStore() : client.resetStore()
  cleared.catch((error: unknown) => isAbort(error) || reportError(error))
})

/** The user has left the page that sent the request. */
const isAbort = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError'
