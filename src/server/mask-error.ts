import { GraphQLError, type GraphQLErrorExtensions } from 'graphql'
import {
  ConfirmationRequiredError,
  ForbiddenError,
  InvalidInputError,
  NotFoundError,
  RateLimitedError,
  UnauthenticatedError,
  UnavailableError,
} from '../errors.js'

/** Every `extensions.code` that a client can meet. */
export const PUBLIC_CODES = [
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'BAD_USER_INPUT',
  'RATE_LIMITED',
  'CACHE_UNAVAILABLE',
  'DATABASE_UNAVAILABLE',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'INTERNAL_SERVER_ERROR',
] as const
export type PublicCode = (typeof PUBLIC_CODES)[number]

export interface ErrorMaskOptions {
  /** Whether messages may suggest names that exist (`Did you mean …`): not in production. */
  readonly suggestions: boolean
  /** Gets what the client does not. */
  readonly reportUnexpected: (error: unknown) => void
}

/**
 * What a client may see of an error: a public code with a message that was written for it. Whatever was not written
 * for it becomes INTERNAL_SERVER_ERROR, without the message, the stack or the driver's words, and is reported instead.
 */
export function createErrorMask({ suggestions, reportUnexpected }: ErrorMaskOptions) {
  return (error: unknown): GraphQLError => {
    const origin = originOf(error)
    const known = describe(origin)
    if (!known) reportUnexpected(origin)
    const { message, extensions } = known ?? INTERNAL
    const located = error instanceof GraphQLError ? error : undefined
    return new GraphQLError(suggestions ? message : withoutSuggestion(message), {
      nodes: located?.nodes ?? null,
      source: located?.source ?? null,
      positions: located?.positions ?? null,
      path: located?.path ?? null,
      extensions: { ...extensions },
    })
  }
}

interface Description {
  readonly message: string
  readonly extensions: GraphQLErrorExtensions & { readonly code: PublicCode }
}

const INTERNAL: Description = {
  message: 'Unexpected error.',
  extensions: { code: 'INTERNAL_SERVER_ERROR' },
}

/** GraphQL's own sentences: `Did you mean "name"?`, `… the enum value "ASC"?`, `… to use an inline fragment on "User"?` */
const withoutSuggestion = (message: string): string => message.replace(/ ?Did you mean [^?]*\?/g, '')

/** GraphQL wraps what a resolver throws, and what a scalar says of a variable: the latter without the variable's name. */
function originOf(error: unknown): unknown {
  if (!(error instanceof GraphQLError) || !error.originalError || isBadVariable(error)) return error
  return originOf(error.originalError)
}

const isBadVariable = ({ message, path }: GraphQLError): boolean => !path && message.startsWith('Variable "')

function describe(error: unknown): Description | undefined {
  if (error instanceof GraphQLError) return describeGraphQLError(error)
  if (error instanceof UnauthenticatedError)
    return described(error.message, 'UNAUTHENTICATED', { status: 401 })
  if (error instanceof ForbiddenError) return described(error.message, 'FORBIDDEN', { status: 403 })
  if (error instanceof RateLimitedError) {
    const headers = { 'retry-after': String(error.retryAfterSeconds) }
    return described(error.message, 'RATE_LIMITED', { status: 429, headers })
  }
  if (error instanceof InvalidInputError) {
    return {
      message: error.message,
      extensions: { code: 'BAD_USER_INPUT', ...(error.field !== null && { field: error.field }) },
    }
  }
  if (error instanceof NotFoundError || error instanceof ConfirmationRequiredError) {
    return described(error.message, 'BAD_USER_INPUT')
  }
  if (error instanceof UnavailableError) {
    return described(error.message, error.code === 'DATABASE_UNAVAILABLE' ? error.code : 'CACHE_UNAVAILABLE')
  }
  return undefined
}

const described = (message: string, code: PublicCode, http?: object): Description => ({
  message,
  extensions: { code, ...(http && { http }) },
})

/** GraphQL's own errors are about the client's document, except one that a resolver's value caused. */
function describeGraphQLError(error: GraphQLError): Description | undefined {
  const code = publicCode(error)
  if (!code || code === 'INTERNAL_SERVER_ERROR') return undefined
  const http = error.extensions['http'] ?? (isBadVariable(error) ? BAD_REQUEST : undefined)
  return { message: error.message, extensions: { code, ...(http !== undefined && { http }) } }
}

/** `spec`: 400 where the client accepts application/graphql-response+json, 200 where it does not know better. */
const BAD_REQUEST = { status: 400, spec: true }

const publicCode = (error: GraphQLError): PublicCode | undefined => {
  const { code } = error.extensions
  if (isPublicCode(code)) return code
  if (/^(Argument|Variable) "/.test(error.message)) return 'BAD_USER_INPUT'
  if (error.path) return undefined
  if (error.message.startsWith('Syntax Error')) return 'GRAPHQL_PARSE_FAILED'
  return error.nodes ? 'GRAPHQL_VALIDATION_FAILED' : 'BAD_USER_INPUT'
}

const isPublicCode = (code: unknown): code is PublicCode => PUBLIC_CODES.some((known) => known === code)
