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
  if (ServerError.is(error) || ServerParseError.is(error)) return [502, 503, 504].includes(error.statusCode)
  return error instanceof TypeError
}

/** What a failure is to the person before the page; each has its own sentence. */
export type FailureKind =
  | 'network'
  | 'forbidden'
  | 'rateLimited'
  | 'cache'
  | 'database'
  | 'input'
  | 'internal'

const KINDS: Readonly<Record<string, FailureKind>> = {
  FORBIDDEN: 'forbidden',
  RATE_LIMITED: 'rateLimited',
  CACHE_UNAVAILABLE: 'cache',
  DATABASE_UNAVAILABLE: 'database',
  BAD_USER_INPUT: 'input',
}

export function failureKind(error: unknown): FailureKind {
  if (isNoAnswer(error)) return 'network'
  return KINDS[codeOf(error) ?? ''] ?? 'internal'
}

/** The server's own words, which it writes for people, where they say more than our sentence. */
export function serverWords(error: unknown): string | undefined {
  if (!CombinedGraphQLErrors.is(error)) return undefined
  const [first] = error.errors
  return failureKind(error) === 'internal' ? undefined : first?.message
}
