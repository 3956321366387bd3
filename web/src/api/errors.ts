import { CombinedGraphQLErrors, ServerError, ServerParseError } from '@apollo/client/errors'

/** The first `extensions.code` of a GraphQL answer; undefined where there was none. */
export function codeOf(error: unknown): string | undefined {
  if (CombinedGraphQLErrors.is(error)) {
    const code = error.errors[0]?.extensions?.['code']
    return typeof code === 'string' ? code : undefined
  }
  if (ServerError.is(error)) return error.statusCode === 401 ? 'UNAUTHENTICATED' : undefined
  return undefined
}

/** Whether nobody answered: the network, or a proxy in the server's place. */
export function isNoAnswer(error: unknown): boolean {
  if (CombinedGraphQLErrors.is(error)) return false
  if (ServerError.is(error) || ServerParseError.is(error)) return isProxyAlone(error.statusCode)
  return error instanceof TypeError
}

/** What a proxy answers for a server that does not. */
export const isProxyAlone = (status: number): boolean => [502, 503, 504].includes(status)

/** What the server got over by itself before: a store that was gone, too many at once. */
export const isPassing = (error: unknown): boolean =>
  ['cache', 'database', 'rateLimited', 'internal'].includes(failureKind(error))

/** What a failure is to the person before the page; each has its own sentence. */
export type FailureKind =
  | 'network'
  | 'session'
  | 'forbidden'
  | 'rateLimited'
  | 'timeout'
  | 'cache'
  | 'database'
  | 'input'
  | 'internal'

const KINDS: Readonly<Record<string, FailureKind>> = {
  UNAUTHENTICATED: 'session',
  FORBIDDEN: 'forbidden',
  RATE_LIMITED: 'rateLimited',
  OPERATION_TIMEOUT: 'timeout',
  CACHE_UNAVAILABLE: 'cache',
  DATABASE_UNAVAILABLE: 'database',
  BAD_USER_INPUT: 'input',
}

export function failureKind(error: unknown): FailureKind {
  if (isNoAnswer(error)) return 'network'
  return KINDS[codeOf(error) ?? ''] ?? 'internal'
}

/** The server's own words, which it writes for people, in English. */
export const serverWords = (error: unknown): string | undefined =>
  CombinedGraphQLErrors.is(error) ? error.errors[0]?.message : undefined
