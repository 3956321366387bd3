/**
 * Domain errors. They name what went wrong in the field's own terms and carry a stable code; how a code
 * becomes an HTTP status or a GraphQL union member is the server's and the schema's business, not theirs.
 */

/** Codes that reach a client as data, in the `Error` interface of the schema. */
export type ErrorCode =
  | 'NOT_FOUND'
  | 'INVALID_INPUT'
  | 'CONFIRMATION_REQUIRED'
  | 'CACHE_UNAVAILABLE'
  | 'DATABASE_UNAVAILABLE'
  | 'OUTCOME_UNKNOWN'

export type UnavailableCode = 'CACHE_UNAVAILABLE' | 'DATABASE_UNAVAILABLE' | 'OUTCOME_UNKNOWN'

export class NotFoundError extends Error {
  override readonly name = 'NotFoundError'
  readonly code = 'NOT_FOUND' as const
}

/** An argument that is well-typed but cannot be meant. `field` names the argument. */
export class InvalidInputError extends Error {
  override readonly name = 'InvalidInputError'
  readonly code = 'INVALID_INPUT' as const
  readonly field: string | null

  constructor(message: string, field: string | null = null) {
    super(message)
    this.field = field
  }
}

export class ConfirmationRequiredError extends Error {
  override readonly name = 'ConfirmationRequiredError'
  readonly code = 'CONFIRMATION_REQUIRED' as const
}

/**
 * A store could not answer. `clearedCount` is how many records a clear had confirmed gone before it stopped.
 * The driver's own error is the `cause`: it may be logged, and is never sent.
 */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError'
  readonly code: UnavailableCode
  readonly clearedCount: number

  constructor(
    code: UnavailableCode,
    message: string,
    options: { cause?: unknown; clearedCount?: number } = {},
  ) {
    super(message, { cause: options.cause })
    this.code = code
    this.clearedCount = options.clearedCount ?? 0
  }
}

export const cacheUnavailable = (cause: unknown): UnavailableError =>
  new UnavailableError('CACHE_UNAVAILABLE', 'The cache cannot be reached. Nothing was changed.', { cause })

/** Changes to the cache are not seen, though the cache may well be there. */
export const notFollowed = (message: string, cause?: unknown): UnavailableError =>
  new UnavailableError('CACHE_UNAVAILABLE', message, { cause })

export const databaseUnavailable = (cause: unknown): UnavailableError =>
  new UnavailableError('DATABASE_UNAVAILABLE', 'The database cannot be reached. Try again shortly.', {
    cause,
  })

/** The request carries no valid token. */
export class UnauthenticatedError extends Error {
  override readonly name = 'UnauthenticatedError'
  readonly code = 'UNAUTHENTICATED' as const
}

/** The viewer is known and may not do this. */
export class ForbiddenError extends Error {
  override readonly name = 'ForbiddenError'
  readonly code = 'FORBIDDEN' as const
}

/** What a request costs, of which budget for a minute, and what is left of that. */
export interface RequestCost {
  readonly requested: number
  readonly limit: number
  readonly remaining: number
  /** Whole seconds until all of the budget is there again. */
  readonly resetSeconds: number
}

/** Too many failures, or too much asked for; `retryAfterSeconds` is when the next try is taken. */
export class RateLimitedError extends Error {
  override readonly name = 'RateLimitedError'
  readonly code = 'RATE_LIMITED' as const
  readonly retryAfterSeconds: number
  /** Undefined where it is not cost that is limited. */
  readonly cost: RequestCost | undefined

  constructor(retryAfterSeconds: number, what = 'Too many failed attempts.', cost?: RequestCost) {
    super(`${what} Try again in ${retryAfterSeconds} s.`)
    this.retryAfterSeconds = retryAfterSeconds
    this.cost = cost
  }
}

/** A query took longer than queries may. */
export class OperationTimeoutError extends Error {
  override readonly name = 'OperationTimeoutError'
  readonly code = 'OPERATION_TIMEOUT' as const

  constructor(seconds: number) {
    super(`The query took longer than ${seconds} s and was stopped. Ask for less at once.`)
  }
}

/** The client has gone: what is left of the work is ended, and nobody reads why. */
export class ClientGoneError extends Error {
  override readonly name = 'ClientGoneError'

  constructor() {
    super('The client has gone.')
  }
}

/** Start-up cannot go on. `problems` are complete sentences for an operator, all of them at once, without secrets. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

/** The same for an unknown account, a wrong password and an account that may not sign in. */
export class InvalidCredentialsError extends Error {
  override readonly name = 'InvalidCredentialsError'

  constructor() {
    super('The email address or the password is wrong, or this account may not sign in.')
  }
}

/** The words of anything that was thrown: they may be logged, and are sent to nobody. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
