import { CombinedGraphQLErrors, ServerError, ServerParseError } from '@apollo/client/errors'
import { isTimeout } from './timed-fetch.js'

/** Returns the first `extensions.code` of a GraphQL answer, if there is one. */
export function codeOf(error: unknown): string | undefined {
  if (CombinedGraphQLErrors.is(error)) {
    const code = error.errors[0]?.extensions?.['code']
    return typeof code === 'string' ? code : undefined
  }
  if (ServerError.is(error)) return error.statusCode === 401 ? 'UNAUTHENTICATED' : undefined
  return undefined
}

/** Tells whether the server gave no answer: the network failed, or a proxy answered instead. */
export function isNoAnswer(error: unknown): boolean {
  if (CombinedGraphQLErrors.is(error)) return false
  if (ServerError.is(error) || ServerParseError.is(error)) return isProxyAlone(error.statusCode)
  return error instanceof TypeError || isTimeout(error)
}

/** A proxy answers with these codes if the server behind it does not answer. */
export const isProxyAlone = (status: number): boolean => [502, 503, 504].includes(status)

/**
 * Tells whether the failure passes by itself: a store was gone, there were too many requests, or one question got no answer
 * from a server that may well answer others.
 */
export const passesByItself = (error: unknown): boolean =>
  isTimeout(error) || ['cache', 'database', 'rateLimited', 'overloaded'].includes(failureKind(error))

/** Tells whether a stream may be opened again after the failure. */
export const isPassing = (error: unknown): boolean =>
  passesByItself(error) || ['internal', 'timeout'].includes(failureKind(error))

/** The console has one sentence for each kind of failure. */
export type FailureKind =
  | 'network'
  | 'session'
  | 'forbidden'
  | 'rateLimited'
  | 'overloaded'
  | 'timeout'
  | 'cache'
  | 'database'
  | 'input'
  | 'notAvailable'
  | 'usageTooExpensive'
  | 'internal'

const KINDS: Readonly<Record<string, FailureKind>> = {
  UNAUTHENTICATED: 'session',
  FORBIDDEN: 'forbidden',
  RATE_LIMITED: 'rateLimited',
  OVERLOADED: 'overloaded',
  OPERATION_TIMEOUT: 'timeout',
  CACHE_UNAVAILABLE: 'cache',
  DATABASE_UNAVAILABLE: 'database',
  BAD_USER_INPUT: 'input',
  NOT_AVAILABLE: 'notAvailable',
  USAGE_TOO_EXPENSIVE: 'usageTooExpensive',
}

export function failureKind(error: unknown): FailureKind {
  if (isNoAnswer(error)) return 'network'
  return KINDS[codeOf(error) ?? ''] ?? 'internal'
}

/** Returns the server's message, which is English text for people. */
export const serverWords = (error: unknown): string | undefined =>
  CombinedGraphQLErrors.is(error) ? error.errors[0]?.message : undefined
