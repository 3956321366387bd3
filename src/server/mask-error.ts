import { GraphQLError, type GraphQLErrorExtensions } from 'graphql'
import {
  ClientGoneError,
  ConfirmationRequiredError,
  ForbiddenError,
  InvalidInputError,
  NotAvailableError,
  NotFoundError,
  OperationTimeoutError,
  OverloadedError,
  RateLimitedError,
  UnauthenticatedError,
  UnavailableError,
  UsageTooExpensiveError,
} from '../errors.js'
import { shortened } from '../util/text.js'
import { ERROR_LIMITS, shortenMessage } from './limits/use-bounded-errors.js'

/** All values of `extensions.code` that a client can receive. */
export const PUBLIC_CODES = [
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'BAD_USER_INPUT',
  'RATE_LIMITED',
  'OVERLOADED',
  'CACHE_UNAVAILABLE',
  'DATABASE_UNAVAILABLE',
  'OPERATION_TIMEOUT',
  'NOT_AVAILABLE',
  'USAGE_TOO_EXPENSIVE',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'INTERNAL_SERVER_ERROR',
] as const
export type PublicCode = (typeof PUBLIC_CODES)[number]

/**
 * Creates the function that turns errors into what a client may see: a public code and a message written for clients. Any
 * other error becomes INTERNAL_SERVER_ERROR without its message and stack, which may contain secrets. It is reported instead,
 * once, even if many fields failed with it.
 */
export function createErrorMask(reportUnexpected: (error: unknown) => void) {
  const reported = new WeakSet<object>()
  const report = (error: unknown): void => {
    if (error instanceof Error) {
      if (reported.has(error)) return
      reported.add(error)
    }
    reportUnexpected(error)
  }
  return (error: unknown): GraphQLError => {
    const origin = shortenMessage(originOf(shortenMessage(error)))
    const known = describe(origin)
    if (!known && !(origin instanceof ClientGoneError)) report(origin)
    const { message, extensions } = known ?? INTERNAL
    const located = error instanceof GraphQLError ? error : undefined
    return new GraphQLError(shortened(message, ERROR_LIMITS.messageCharacters), {
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

/** Unwraps the error that a resolver threw. An error of a variable stays wrapped: only the wrapper has the variable's name. */
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
    const { message, extensions } = described(error.message, 'RATE_LIMITED', { status: 429, headers })
    return { message, extensions: { ...extensions, ...(error.cost && { cost: error.cost }) } }
  }
  if (error instanceof OverloadedError) {
    const headers = { 'retry-after': String(error.retryAfterSeconds) }
    return described(error.message, 'OVERLOADED', { status: 503, headers })
  }
  if (error instanceof OperationTimeoutError) {
    return described(error.message, 'OPERATION_TIMEOUT', { status: 503 })
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
  if (error instanceof NotAvailableError) return described(error.message, 'NOT_AVAILABLE')
  if (error instanceof UsageTooExpensiveError) return described(error.message, error.code)
  if (error instanceof UnavailableError) {
    return described(error.message, error.code === 'DATABASE_UNAVAILABLE' ? error.code : 'CACHE_UNAVAILABLE')
  }
  return undefined
}

const described = (message: string, code: PublicCode, http?: object): Description => ({
  message,
  extensions: { code, ...(http && { http }) },
})

/** Describes an error of GraphQL itself. It is about the client's document, unless a resolver returned a wrong value. */
function describeGraphQLError(error: GraphQLError): Description | undefined {
  const code = publicCode(error)
  if (!code || code === 'INTERNAL_SERVER_ERROR') return undefined
  const http = httpOf(error)
  return { message: error.message, extensions: { code, ...(http !== undefined && { http }) } }
}

/**
 * Returns the HTTP options of an error. An error without a path has kept the operation from running, so that the status is
 * 400. Yoga's `spec` turns this into 200 for clients that accept only application/json, as GraphQL over HTTP asks for faults
 * of the document; faults of the request itself keep 400.
 */
function httpOf({ path, extensions }: GraphQLError): GraphQLErrorExtensions['http'] {
  const http = extensions['http'] ?? (path ? undefined : { status: 400, spec: true })
  return extensions['code'] === 'BAD_REQUEST' ? Object.assign({ status: 400 }, http, { spec: false }) : http
}

const publicCode = (error: GraphQLError): PublicCode | undefined => {
  const { code } = error.extensions
  if (isPublicCode(code)) return code
  if (error.message.startsWith('Argument "') || error.message.startsWith('Variable "'))
    return 'BAD_USER_INPUT'
  if (error.path) return undefined
  if (error.message.startsWith('Syntax Error')) return 'GRAPHQL_PARSE_FAILED'
  return error.nodes ? 'GRAPHQL_VALIDATION_FAILED' : 'BAD_USER_INPUT'
}

const isPublicCode = (code: unknown): code is PublicCode => PUBLIC_CODES.some((known) => known === code)
