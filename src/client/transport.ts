import { AffinityqlError, errorOfAnswer, type GraphqlError } from './errors.js'
import { aborted, hasData, retrying } from './retry.js'

export interface ClientOptions {
  /** The server, such as `http://127.0.0.1:4000`; `/graphql` is added where no path is given. */
  readonly url: string
  /** A static token, or one of `login`; a function is asked before each request, so that it can be renewed. */
  readonly token?: string | (() => string | undefined) | undefined
  /** Default: the global one. */
  readonly fetch?: typeof fetch | undefined
  /** For one try of a query or mutation, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number | undefined
  /** Sent with each request beside the client's own. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /**
   * Told of an answer some fields of which could not be read (the database is away, say): with it the rest is returned
   * with these fields null; without it the operation rejects, with the rest as the error's `data`.
   */
  readonly onPartial?: ((error: AffinityqlError) => void) | undefined
  /** Told what an answer says beside its data, such as that a clear's audit record waits on the server's disk. */
  readonly onExtensions?: ((extensions: Readonly<Record<string, unknown>>) => void) | undefined
}

export interface CallOptions {
  /** Ends the operation; it then rejects with the code ABORTED. */
  readonly signal?: AbortSignal | undefined
}

/** What is sent. `kind` says whether it may be sent again. */
export interface Request {
  readonly kind: 'query' | 'mutation' | 'subscription'
  readonly text: string
  readonly variables: object
}

interface Answer {
  readonly data?: unknown
  readonly errors?: readonly GraphqlError[]
  readonly extensions?: Readonly<Record<string, unknown>>
}

const DEFAULT_TIMEOUT_MS = 30_000
/** A timer of Node's takes no more: it would go off at once. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1

/** What the caller has given cannot be sent: there is nobody to ask, and no use in another try. */
class UnusableOption extends TypeError {}

/** `/graphql` where the URL has no path of its own. */
export function endpointOf(url: string): string {
  // Browsers allow a path alone; it is their page's origin that it belongs to.
  if (url.startsWith('/')) return url
  const endpoint = URL.canParse(url) ? new URL(url) : undefined
  // The text itself is not repeated: it may hold a password.
  if (!endpoint || !/^https?:$/.test(endpoint.protocol)) {
    throw new UnusableOption('The url of the server must begin with http:// or https://.')
  }
  if (endpoint.username || endpoint.password) {
    throw new UnusableOption('The url of the server must hold no user and no password: give a token.')
  }
  if (endpoint.pathname === '/') endpoint.pathname = '/graphql'
  return endpoint.href
}

const authorization = (token: string | undefined): Readonly<Record<string, string>> => {
  if (token === undefined) return {}
  if (!/^[\t\x20-\x7e]*$/.test(token)) {
    throw new UnusableOption('The token must be ASCII characters without a line break.')
  }
  return { authorization: `Bearer ${token}` }
}

/** @throws TypeError where the url or a token that is known by now cannot be used */
export function checkOptions({ url, token }: ClientOptions): void {
  endpointOf(url)
  if (typeof token === 'string') authorization(token)
}

/** POSTs one operation. */
export async function post(
  options: ClientOptions,
  { text, variables }: Request,
  accept: string,
  signal: AbortSignal,
): Promise<Response> {
  const { url, token, headers, fetch: send = globalThis.fetch } = options
  return send(endpointOf(url), {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept,
      ...authorization(typeof token === 'function' ? token() : token),
      ...headers,
    },
    body: JSON.stringify({ query: text, variables }),
    signal,
  })
}

/** Runs a query or a mutation; a query again, where that may help. A mutation is sent once, whatever comes of it. */
export function execute(
  options: ClientOptions,
  request: Request,
  { signal }: CallOptions = {},
): Promise<unknown> {
  const run = () => once(options, request, signal)
  return request.kind === 'query' ? retrying(run, signal) : run()
}

async function once(
  options: ClientOptions,
  request: Request,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, onPartial, onExtensions } = options
  const deadline = AbortSignal.timeout(Math.min(Math.ceil(timeoutMs), LONGEST_TIMEOUT_MS))
  const ends = signal ? AbortSignal.any([signal, deadline]) : deadline
  try {
    const response = await post(options, request, 'application/graphql-response+json, application/json', ends)
    const answer = await readAnswer(response)
    if (answer.extensions) onExtensions?.(answer.extensions)
    if (!answer.errors?.length && hasData(answer.data)) return answer.data
    const error = errorOfAnswer(answer, detailsOf(response))
    if (!onPartial || !hasData(answer.data)) throw error
    onPartial(error)
    return answer.data
  } catch (error) {
    throw asAffinityqlError(error, { signal, deadline, timeoutMs })
  }
}

export const detailsOf = (response: Response) => {
  const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN)
  return {
    status: response.status,
    retryAfterSeconds: retryAfter >= 0 ? retryAfter : undefined,
    requestId: response.headers.get('x-request-id') ?? undefined,
  }
}

/** @throws AffinityqlError (NETWORK_ERROR) where what answered is not GraphQL: a proxy's page, say */
export async function readAnswer(response: Response): Promise<Answer> {
  const text = await response.text()
  const isJson = /\bjson\b/.test(response.headers.get('content-type') ?? '')
  try {
    const body: unknown = isJson ? JSON.parse(text) : undefined
    if (isAnswer(body)) return body
  } catch {
    // Cut short, or not JSON whatever it says.
  }
  throw new AffinityqlError(`The server answered ${response.status} without a GraphQL answer.`, {
    code: 'NETWORK_ERROR',
    ...detailsOf(response),
  })
}

const isAnswer = (body: unknown): body is Answer =>
  typeof body === 'object' && body !== null && ('data' in body || Array.isArray(Reflect.get(body, 'errors')))

interface Ends {
  readonly signal: AbortSignal | undefined
  readonly deadline?: AbortSignal
  readonly timeoutMs?: number
}

export function asAffinityqlError(error: unknown, { signal, deadline, timeoutMs }: Ends): unknown {
  if (error instanceof AffinityqlError || error instanceof UnusableOption) return error
  if (signal?.aborted) return aborted(signal)
  if (deadline?.aborted) {
    return new AffinityqlError(`The server did not answer within ${timeoutMs} ms.`, { code: 'TIMEOUT' })
  }
  if (!(error instanceof Error)) return error
  return new AffinityqlError('The server cannot be reached.', { code: 'NETWORK_ERROR', cause: error })
}
