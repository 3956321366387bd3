import { AffinityqlError, errorOfAnswer, type GraphqlError } from './errors.js'
import { aborted, hasData, retrying } from './retry.js'

export interface ClientOptions {
  /** The server has this URL, such as `http://127.0.0.1:4000`. A URL without a path gets `/graphql`. */
  readonly url: string
  /** The client sends this token: a static one, or one of `login`. A function is called before each request. */
  readonly token?: string | (() => string | undefined) | undefined
  /** The device that a token of the gateway is bound to. Other tokens need none. */
  readonly deviceId?: string | undefined
  /** The client sends requests with this function; default: the global `fetch`. */
  readonly fetch?: typeof fetch | undefined
  /** One try of a query or mutation may take so many milliseconds; default 30,000. */
  readonly timeoutMs?: number | undefined
  /** Each request carries these headers beside the client's own. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /**
   * This is called for an answer of which some fields could not be read, for example because the database is away. The
   * operation then returns the rest, with these fields null. Without this function the operation rejects, and the rest is
   * the error's `data`.
   */
  readonly onPartial?: ((error: AffinityqlError) => void) | undefined
  /** This is called with an answer's `extensions`, such as that a clear's audit event waits in the server's spool. */
  readonly onExtensions?: ((extensions: Readonly<Record<string, unknown>>) => void) | undefined
}

export interface CallOptions {
  /** This signal ends the operation, which then rejects with the code ABORTED. */
  readonly signal?: AbortSignal | undefined
}

/** How a list reads its answers. */
export interface Reading extends CallOptions {
  /** This gets the text of an answer as far as it has come, at each piece, until it returns true. */
  readonly onBeginning?: ((text: string) => boolean) | undefined
  /** This makes the answer of its bytes; default: what JSON.parse makes of their text. */
  readonly parse?: ((bytes: Uint8Array) => unknown) | undefined
  /** A query is sent so many times at most; default 4. */
  readonly attempts?: number | undefined
  /** This is called with the answer's `extensions`, as the client's own function is. */
  readonly onExtensions?: ClientOptions['onExtensions']
}

/** A request is one GraphQL operation. `kind` says whether it may be sent again. */
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
/** Node's timers take no more milliseconds than this: a longer one would fire at once. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1

/** The caller gave a URL or a token that cannot be sent. Another try would not help. */
class UnusableOption extends TypeError {}

/** Returns the URL of the endpoint: a URL without a path gets `/graphql`. */
export function endpointOf(url: string): string {
  // A browser resolves a path alone against the origin of its page.
  if (url.startsWith('/')) return url
  const endpoint = URL.canParse(url) ? new URL(url) : undefined
  // The message does not repeat the URL, because it may hold a password.
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

const device = (id: string | undefined): Readonly<Record<string, string>> => {
  if (id === undefined) return {}
  if (!/^[\x20-\x7e]*$/.test(id)) {
    throw new UnusableOption('The device id must be ASCII characters without a line break.')
  }
  return { 'x-client-device-id': id }
}

/** Checks the URL, the device id, and the token unless it is a function. @throws TypeError if one of them cannot be used */
export function checkOptions({ url, token, deviceId }: ClientOptions): void {
  endpointOf(url)
  device(deviceId)
  if (typeof token === 'string') authorization(token)
}

/** Sends one operation by POST. */
export async function post(
  options: ClientOptions,
  { text, variables }: Request,
  accept: string,
  signal: AbortSignal,
): Promise<Response> {
  const { url, token, deviceId, headers, fetch: send = globalThis.fetch } = options
  return send(endpointOf(url), {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept,
      ...authorization(typeof token === 'function' ? token() : token),
      ...device(deviceId),
      ...headers,
    },
    body: JSON.stringify({ query: text, variables }),
    // Otherwise a redirect with 307 or 308 sends the body, perhaps a password, to whatever address it names.
    redirect: 'error',
    signal,
  })
}

/** Runs a query or a mutation. It repeats a query if another try may help, and sends a mutation only once. */
export function execute(options: ClientOptions, request: Request, reading: Reading = {}): Promise<unknown> {
  const run = () => once(options, request, reading)
  return request.kind === 'query' ? retrying(run, reading.signal, reading.attempts) : run()
}

async function once(options: ClientOptions, request: Request, reading: Reading): Promise<unknown> {
  const { signal } = reading
  const { timeoutMs = DEFAULT_TIMEOUT_MS, onPartial, onExtensions } = options
  const deadline = AbortSignal.timeout(Math.min(Math.ceil(timeoutMs), LONGEST_TIMEOUT_MS))
  const ends = signal ? AbortSignal.any([signal, deadline]) : deadline
  try {
    const response = await post(options, request, 'application/graphql-response+json, application/json', ends)
    const answer = await readAnswer(response, ends, reading)
    if (answer.extensions) {
      onExtensions?.(answer.extensions)
      reading.onExtensions?.(answer.extensions)
    }
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

/** Reads a GraphQL answer. @throws AffinityqlError (NETWORK_ERROR) if it is another one, such as a proxy's page */
export async function readAnswer(
  response: Response,
  ends: AbortSignal,
  { onBeginning, parse }: Pick<Reading, 'onBeginning' | 'parse'> = {},
): Promise<Answer> {
  const read = parse ? new BytesOfBody(parse) : new TextOfBody()
  await readBody(response, ends, read, response.ok ? onBeginning : undefined)
  const isJson = /\bjson\b/.test(response.headers.get('content-type') ?? '')
  try {
    const body: unknown = isJson ? read.answer() : undefined
    if (isAnswer(body)) return body
  } catch {
    // The body was cut short, or is not JSON although its header says so.
  }
  throw new AffinityqlError(`The server answered ${response.status} without a GraphQL answer.`, {
    code: 'NETWORK_ERROR',
    ...detailsOf(response),
  })
}

/** Takes the pieces of a body. */
interface BodyReader {
  add(piece: Uint8Array): void
  /** Returns what the body says so far, for its beginning. */
  text(): string
  answer(): unknown
}

class TextOfBody implements BodyReader {
  readonly #decoder = new TextDecoder()
  #text = ''

  add(piece: Uint8Array): void {
    this.#text += this.#decoder.decode(piece, { stream: true })
  }

  text(): string {
    return this.#text
  }

  answer(): unknown {
    return JSON.parse(this.#text + this.#decoder.decode())
  }
}

class BytesOfBody implements BodyReader {
  readonly #pieces: Uint8Array[] = []
  readonly #parse: (bytes: Uint8Array) => unknown

  constructor(parse: (bytes: Uint8Array) => unknown) {
    this.#parse = parse
  }

  add(piece: Uint8Array): void {
    this.#pieces.push(piece)
  }

  text(): string {
    return new TextDecoder().decode(this.#whole())
  }

  answer(): unknown {
    return this.#parse(this.#whole())
  }

  #whole(): Uint8Array {
    const [first] = this.#pieces
    if (first && this.#pieces.length === 1) return first
    const whole = new Uint8Array(this.#pieces.reduce((sum, { length }) => sum + length, 0))
    let at = 0
    for (const piece of this.#pieces) {
      whole.set(piece, at)
      at += piece.length
    }
    return whole
  }
}

/**
 * Reads a body until `ends` is aborted. The signal of the request is not enough: once garbage was collected, Node.js 20 no
 * longer passes its end on to the body.
 */
async function readBody(
  response: Response,
  ends: AbortSignal,
  into: BodyReader,
  onBeginning: Reading['onBeginning'],
): Promise<void> {
  if (!response.body) return
  const reader = response.body.getReader()
  const cancel = () => {
    reader.cancel().catch(() => {})
  }
  ends.addEventListener('abort', cancel)
  let look = onBeginning
  try {
    for (;;) {
      const { done, value } = await reader.read()
      ends.throwIfAborted()
      if (done) return
      into.add(value)
      if (look?.(into.text())) look = undefined
    }
  } finally {
    ends.removeEventListener('abort', cancel)
  }
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
  if (isRedirect(error)) {
    return new AffinityqlError('The server redirects to another address, to which nothing was sent.', {
      code: 'REDIRECTED',
      cause: error,
    })
  }
  return new AffinityqlError('The server cannot be reached.', { code: 'NETWORK_ERROR', cause: error })
}

/** Node says so in the cause of its error. Browsers do not tell a redirect from a server that is away. */
const isRedirect = ({ cause }: Error): boolean =>
  cause instanceof Error && cause.message === 'unexpected redirect'
