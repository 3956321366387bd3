/**
 * This module has the errors of the domain, each with a stable code. The server turns a code into an HTTP status, and the
 * schema turns it into a member of a GraphQL union.
 */

/** These codes reach a client as data, in the `Error` interface of the schema. */
export type ErrorCode =
  | 'NOT_FOUND'
  | 'INVALID_INPUT'
  | 'INVALID_CREDENTIALS'
  | 'CONFIRMATION_REQUIRED'
  | 'CACHE_UNAVAILABLE'
  | 'DATABASE_UNAVAILABLE'
  | 'GATEWAY_UNAVAILABLE'
  | 'OUTCOME_UNKNOWN'

export type UnavailableCode =
  | 'CACHE_UNAVAILABLE'
  | 'DATABASE_UNAVAILABLE'
  | 'GATEWAY_UNAVAILABLE'
  | 'OUTCOME_UNKNOWN'

/** What one node of the gateway did before a clear stopped. */
export interface NodeResult {
  readonly url: string
  readonly ok: boolean
  readonly clearedCount: number | null
  readonly error: string | null
}

export class NotFoundError extends Error {
  override readonly name = 'NotFoundError'
  readonly code = 'NOT_FOUND' as const
}

/** An argument has the right type but no possible meaning. `field` names the argument. */
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
 * A store could not answer. `clearedCount` is the number of records that a clear had removed for certain before it
 * stopped. The driver's own error is the `cause`: it may be logged, and is never sent.
 */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError'
  readonly code: UnavailableCode
  readonly clearedCount: number
  /** The gateway's nodes that were called before. */
  readonly nodes: readonly NodeResult[]

  constructor(
    code: UnavailableCode,
    message: string,
    options: { cause?: unknown; clearedCount?: number; nodes?: readonly NodeResult[] } = {},
  ) {
    super(message, { cause: options.cause })
    this.code = code
    this.clearedCount = options.clearedCount ?? 0
    this.nodes = options.nodes ?? []
  }
}

export const cacheUnavailable = (cause: unknown): UnavailableError =>
  new UnavailableError('CACHE_UNAVAILABLE', 'The cache cannot be reached. Nothing was changed.', { cause })

/** The service does not see changes to the cache, although the cache itself may be reachable. */
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

/** The viewer is signed in but lacks the right to do this. */
export class ForbiddenError extends Error {
  override readonly name = 'ForbiddenError'
  readonly code = 'FORBIDDEN' as const
}

/** A request has this cost, out of a budget for one minute. */
export interface RequestCost {
  readonly requested: number
  readonly limit: number
  readonly remaining: number
  /** The whole budget is available again after so many whole seconds. */
  readonly resetSeconds: number
}

/** A caller failed too often or asked for too much. The next try is taken after `retryAfterSeconds`. */
export class RateLimitedError extends Error {
  override readonly name = 'RateLimitedError'
  readonly code = 'RATE_LIMITED' as const
  readonly retryAfterSeconds: number
  /** The cost is undefined if the limit is on something else, such as failures. */
  readonly cost: RequestCost | undefined

  constructor(retryAfterSeconds: number, what = 'Too many failed attempts.', cost?: RequestCost) {
    super(`${what} Try again in ${retryAfterSeconds} s.`)
    this.retryAfterSeconds = retryAfterSeconds
    this.cost = cost
  }
}

/**
 * The service has more to do than it can, so that this was refused: nothing was done, and no store is away. The next try is
 * taken after `retryAfterSeconds`.
 */
export class OverloadedError extends Error {
  override readonly name = 'OverloadedError'
  readonly code = 'OVERLOADED' as const
  readonly retryAfterSeconds: number

  constructor(retryAfterSeconds: number, what: string) {
    super(`${what} Try again in ${retryAfterSeconds} s.`)
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** A query took longer than the time limit. */
export class OperationTimeoutError extends Error {
  override readonly name = 'OperationTimeoutError'
  readonly code = 'OPERATION_TIMEOUT' as const

  constructor(seconds: number) {
    super(`The query took longer than ${seconds} s and was stopped. Send a smaller query.`)
  }
}

/** The client has disconnected, so the rest of the work is stopped. Nobody reads this message. */
export class ClientGoneError extends Error {
  override readonly name = 'ClientGoneError'

  constructor() {
    super('The client has disconnected.')
  }
}

/** The gateway's tables have not what the answer needs: `gateway.missing` names it. */
export class NotAvailableError extends Error {
  override readonly name = 'NotAvailableError'
  readonly code = 'NOT_AVAILABLE' as const
}

/** A figure of usage would read far more of the gateway's rows than its period has. */
export class UsageTooExpensiveError extends Error {
  override readonly name = 'UsageTooExpensiveError'
  readonly code = 'USAGE_TOO_EXPENSIVE' as const
}

/** The service cannot start. `problems` has all problems at once, as sentences for an operator, without secrets. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

/** The message is the same for an unknown account, a wrong password and an account that may not sign in. */
export class InvalidCredentialsError extends Error {
  override readonly name = 'InvalidCredentialsError'
  readonly code = 'INVALID_CREDENTIALS' as const

  constructor() {
    super('The email address or username, or the password, is wrong, or this account may not sign in.')
  }
}

/** The words of anything that was thrown: they may be logged, and are sent to nobody. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
