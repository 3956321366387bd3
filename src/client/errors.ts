/**
 * Why an operation gave no answer: the server's own codes (docs/api.md lists them), or one of the client's.
 * `NETWORK_ERROR`: no answer came, or one that is not GraphQL's. `TIMEOUT`: none came in time. `ABORTED`: the caller's
 * signal ended it.
 */
export type AffinityqlErrorCode =
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'BAD_USER_INPUT'
  | 'RATE_LIMITED'
  | 'CACHE_UNAVAILABLE'
  | 'DATABASE_UNAVAILABLE'
  | 'OPERATION_TIMEOUT'
  | 'GRAPHQL_PARSE_FAILED'
  | 'GRAPHQL_VALIDATION_FAILED'
  | 'INTERNAL_SERVER_ERROR'
  | 'NETWORK_ERROR'
  | 'TIMEOUT'
  | 'ABORTED'
  // A later server may have more.
  | (string & {})

/** One entry of an answer's `errors`. */
export interface GraphqlError {
  readonly message: string
  readonly path?: readonly (string | number)[]
  readonly extensions?: Readonly<Record<string, unknown>>
}

export interface AffinityqlErrorDetails {
  readonly code: AffinityqlErrorCode
  readonly status?: number | undefined
  readonly errors?: readonly GraphqlError[] | undefined
  readonly data?: unknown
  readonly retryAfterSeconds?: number | undefined
  readonly requestId?: string | undefined
  readonly cause?: unknown
}

/**
 * An operation gave no answer, or only a part of one. What an operation can expect to go wrong (an unknown user, say)
 * is no such error: it is a member of the operation's result.
 */
export class AffinityqlError extends Error {
  override readonly name = 'AffinityqlError'
  /** The code is stable: programs branch on it. If there are several errors, it is the first one's. */
  readonly code: AffinityqlErrorCode
  /** HTTP status, where an answer came. */
  readonly status: number | undefined
  /** Every error of the answer. */
  readonly errors: readonly GraphqlError[]
  /** What the answer has beside its errors: fields that could not be read are null. */
  readonly data: unknown
  /** When the server will take the next try, in seconds, where it says so. */
  readonly retryAfterSeconds: number | undefined
  /** As in the server's log. */
  readonly requestId: string | undefined

  constructor(message: string, details: AffinityqlErrorDetails) {
    super(message, { cause: details.cause })
    this.code = details.code
    this.status = details.status
    this.errors = details.errors ?? []
    this.data = details.data
    this.retryAfterSeconds = details.retryAfterSeconds
    this.requestId = details.requestId
  }
}

/** Takes the message and the code of the first error of an answer. */
export function errorOfAnswer(
  answer: { readonly data?: unknown; readonly errors?: readonly GraphqlError[] | undefined },
  details: Pick<AffinityqlErrorDetails, 'status' | 'retryAfterSeconds' | 'requestId'> = {},
): AffinityqlError {
  const [first] = answer.errors ?? []
  const code = first?.extensions?.['code']
  return new AffinityqlError(first?.message ?? 'The server sent neither data nor errors.', {
    ...details,
    code: typeof code === 'string' ? code : first ? 'INTERNAL_SERVER_ERROR' : 'NETWORK_ERROR',
    errors: answer.errors,
    data: answer.data,
  })
}
