/**
 * The code says why an operation gave no answer. The server has its own codes (docs/api.md lists them), and the client
 * adds four. `NETWORK_ERROR`: no GraphQL answer came. `REDIRECTED`: the server redirects, which the client never follows;
 * in a browser this is a `NETWORK_ERROR`. `TIMEOUT`: no answer came in time. `ABORTED`: the caller's signal ended the
 * operation.
 */
export type AffinityqlErrorCode =
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'BAD_USER_INPUT'
  | 'RATE_LIMITED'
  | 'OVERLOADED'
  | 'CACHE_UNAVAILABLE'
  | 'DATABASE_UNAVAILABLE'
  | 'OPERATION_TIMEOUT'
  | 'GRAPHQL_PARSE_FAILED'
  | 'GRAPHQL_VALIDATION_FAILED'
  | 'INTERNAL_SERVER_ERROR'
  | 'NETWORK_ERROR'
  | 'REDIRECTED'
  | 'TIMEOUT'
  | 'ABORTED'
  // A later server may have more codes.
  | (string & {})

/** This is one entry of an answer's `errors`. */
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
 * The client throws this error if an operation gave no answer, or only a part of one. An expected error, such as an
 * unknown user, is a member of the operation's result and is not thrown.
 */
export class AffinityqlError extends Error {
  override readonly name = 'AffinityqlError'
  /** The code is stable: programs branch on it. If there are several errors, it is the first one's. */
  readonly code: AffinityqlErrorCode
  /** The answer had this HTTP status; undefined if no answer came. */
  readonly status: number | undefined
  /** The answer had these errors. */
  readonly errors: readonly GraphqlError[]
  /** The answer had these data beside its errors. Fields that could not be read are null. */
  readonly data: unknown
  /** The server takes the next try after so many seconds; undefined if it does not say. */
  readonly retryAfterSeconds: number | undefined
  /** The server's log names the request by this id. */
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

/** Makes an error from an answer, with the message and the code of its first error. */
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
