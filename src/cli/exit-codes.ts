import { AffinityqlError } from '../client/index.js'
import { ConfigurationError, InvalidInputError } from '../errors.js'

/** What the process ends with. Part of the interface: scripts branch on it. docs/cli.md lists them. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  refused: 4,
  unavailable: 5,
  /** Ctrl-C: 128 and the number of SIGINT, as shells expect it. */
  interrupted: 130,
} as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** Ends a command with a message for a person and a code for a script. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly exitCode: ExitCode

  constructor(message: string, exitCode: ExitCode) {
    super(message)
    this.exitCode = exitCode
  }
}

/** Codes of the server's errors, and of those that are data, by what the process ends with. */
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
  OUTCOME_UNKNOWN: EXIT.unavailable,
  OPERATION_TIMEOUT: EXIT.unavailable,
  NETWORK_ERROR: EXIT.unavailable,
  TIMEOUT: EXIT.unavailable,
  ABORTED: EXIT.interrupted,
}

export const exitCodeOf = (code: string): ExitCode => CODES[code] ?? EXIT.failed

const HINTS: Readonly<Record<string, string>> = {
  UNAUTHENTICATED: 'Give a token with AFFINITYQL_TOKEN or --token; `affinityql login` prints one.',
  NETWORK_ERROR: 'Is the server there? AFFINITYQL_URL or --url says where it is looked for.',
}

/** The sentence that a person reads and the code that a script sees. */
export function describeFailure(error: unknown): { readonly message: string; readonly exitCode: ExitCode } {
  if (error instanceof CommandError) return error
  if (error instanceof AffinityqlError) {
    const hint = HINTS[error.code]
    const request = error.requestId ? ` Request ${error.requestId}.` : ''
    return {
      message: `${error.message} (${error.code})${error.code === 'INTERNAL_SERVER_ERROR' ? request : ''}${hint ? `\n${hint}` : ''}`,
      exitCode: exitCodeOf(error.code),
    }
  }
  if (error instanceof ConfigurationError) return { message: error.message, exitCode: EXIT.failed }
  if (error instanceof InvalidInputError) return { message: error.message, exitCode: EXIT.usage }
  return { message: error instanceof Error ? error.message : String(error), exitCode: EXIT.failed }
}
