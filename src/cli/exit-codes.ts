import { AffinityqlError } from '../client/index.js'
import { ConfigurationError, InvalidInputError } from '../errors.js'

/** The process exits with one of these codes. Scripts branch on them, so they are part of the interface (docs/cli.md). */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  refused: 4,
  unavailable: 5,
  /** A clear was done, but was not seen to lead everybody elsewhere. */
  unproved: 6,
  /** Shells expect this code after Ctrl-C: 128 plus the number of SIGINT. */
  interrupted: 130,
} as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** This error ends a command with a message for a person and an exit code for a script. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly exitCode: ExitCode

  constructor(message: string, exitCode: ExitCode) {
    super(message)
    this.exitCode = exitCode
  }
}

/** Each error code of the server and of the client has its exit code here; any other code means `failed`. */
const CODES: Readonly<Record<string, ExitCode>> = {
  BAD_USER_INPUT: EXIT.usage,
  INVALID_INPUT: EXIT.usage,
  NOT_FOUND: EXIT.notFound,
  UNAUTHENTICATED: EXIT.refused,
  FORBIDDEN: EXIT.refused,
  RATE_LIMITED: EXIT.refused,
  CONFIRMATION_REQUIRED: EXIT.refused,
  CACHE_UNAVAILABLE: EXIT.unavailable,
  DATABASE_UNAVAILABLE: EXIT.unavailable,
  GATEWAY_UNAVAILABLE: EXIT.unavailable,
  OVERLOADED: EXIT.unavailable,
  OUTCOME_UNKNOWN: EXIT.unavailable,
  OPERATION_TIMEOUT: EXIT.unavailable,
  NETWORK_ERROR: EXIT.unavailable,
  REDIRECTED: EXIT.unavailable,
  TIMEOUT: EXIT.unavailable,
  ABORTED: EXIT.interrupted,
}

/** The code comes from the server, and may be `constructor`. */
export const exitCodeOf = (code: string): ExitCode =>
  Object.hasOwn(CODES, code) ? (CODES[code] ?? EXIT.failed) : EXIT.failed

const HINTS: Readonly<Record<string, string>> = {
  UNAUTHENTICATED: 'Set AFFINITYQL_TOKEN or --token to a valid token; `affinityql login` prints one.',
  NETWORK_ERROR: 'Check that the server runs, and that AFFINITYQL_URL or --url has its address.',
  REDIRECTED: 'Set AFFINITYQL_URL or --url to the address at which the server itself answers.',
}

interface Failure {
  /** A line is a sentence of ours or one text of the server, whose line breaks make no lines. */
  readonly lines: readonly string[]
  readonly exitCode: ExitCode
}

/** Returns the message of an error for a person, and its exit code for a script. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof CommandError) return { lines: [error.message], exitCode: error.exitCode }
  if (error instanceof AffinityqlError) {
    const hint = Object.hasOwn(HINTS, error.code) ? HINTS[error.code] : undefined
    const request = error.requestId ? ` The request id is ${error.requestId}.` : ''
    const message = `${error.message} (${error.code})${error.code === 'INTERNAL_SERVER_ERROR' ? request : ''}`
    return { lines: hint ? [message, hint] : [message], exitCode: exitCodeOf(error.code) }
  }
  if (error instanceof ConfigurationError) return { lines: error.problems, exitCode: EXIT.failed }
  if (error instanceof InvalidInputError) return { lines: [error.message], exitCode: EXIT.usage }
  return { lines: [error instanceof Error ? error.message : String(error)], exitCode: EXIT.failed }
}
