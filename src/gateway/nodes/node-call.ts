import http from 'node:http'
import https from 'node:https'
import { parseJson } from '../../util/text.js'

/** A call to a node. `path` is sent byte for byte: nothing resolves `..`, and nothing encodes. */
export interface NodeCall {
  readonly method: 'GET' | 'DELETE' | 'PUT'
  readonly path: string
  readonly token: string
  readonly body?: object
}

/** `absent`: the gateway itself said that there is no such thing. `refused`: it did not accept the token. */
export type NodeAnswer =
  | { readonly kind: 'done'; readonly json: Readonly<Record<string, unknown>> }
  | { readonly kind: 'absent' | 'refused' | 'failed'; readonly error: string }

export interface NodeCallOptions {
  /** Milliseconds that a whole answer may take. */
  readonly timeoutMs: number
}

/** A list of 1,000 affinities has less. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024

const failed = (error: string): NodeAnswer => ({ kind: 'failed', error })

/**
 * Calls one node on a connection of its own, so that a node with several workers chooses one anew. Redirects are not
 * followed, so that the token goes to this node alone; nothing is sent twice. Never rejects.
 * @param base the node's URL, whose path is kept
 */
export function callNode(base: string, call: NodeCall, { timeoutMs }: NodeCallOptions): Promise<NodeAnswer> {
  const url = new URL(base)
  const { request } = url.protocol === 'https:' ? https : http
  const body = call.body && JSON.stringify(call.body)
  return new Promise((resolve) => {
    const sent = request(
      {
        protocol: url.protocol,
        hostname: url.hostname.replace(/^\[|\]$/g, ''),
        port: url.port,
        path: url.pathname.replace(/\/+$/, '') + call.path,
        method: call.method,
        agent: false,
        signal: AbortSignal.timeout(timeoutMs),
        headers: {
          accept: 'application/json',
          authorization: `Bearer ${call.token}`,
          connection: 'close',
          ...(body !== undefined && {
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(body),
          }),
        },
      },
      (response) => {
        const chunks: Buffer[] = []
        let size = 0
        response.on('data', (chunk: Buffer) => {
          size += chunk.byteLength
          if (size > MAX_ANSWER_BYTES) response.destroy(new Error('too large'))
          else chunks.push(chunk)
        })
        response.on('error', (error) => resolve(failed(problemOf(error))))
        response.on('close', () => {
          const text = response.complete ? Buffer.concat(chunks).toString('utf8') : undefined
          resolve(meaningOf(response.statusCode ?? 0, text))
        })
      },
    )
    sent.on('error', (error) => resolve(failed(problemOf(error))))
    sent.end(body)
  })
}

/** @param text undefined: the answer broke off */
function meaningOf(status: number, text: string | undefined): NodeAnswer {
  if (text === undefined) return failed('its answer broke off')
  if (status === 401 || status === 403) {
    return { kind: 'refused', error: `it refused the token (status ${status})` }
  }
  const json = objectOf(parseJson(text))
  if (status === 404) {
    const isGateways = json !== undefined && ('detail' in json || 'error' in json)
    return isGateways
      ? { kind: 'absent', error: 'it has no such thing' }
      : failed('it answers with status 404, but not as the gateway does')
  }
  if (status !== 200) return failed(`it answers with status ${status}`)
  if (!json) return failed('its answer is not JSON')
  const isError = 'error' in json || 'detail' in json || ('status' in json && json['status'] !== 'ok')
  return isError ? failed('its answer tells of an error') : { kind: 'done', json }
}

const objectOf = (json: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof json === 'object' && json !== null && !Array.isArray(json) ? { ...json } : undefined

/** Says in our own words why there is no answer: an error's message may have what was sent. */
function problemOf(error: Error): string {
  if (error.name === 'AbortError' || error.name === 'TimeoutError') return 'it does not answer in time'
  const code = 'code' in error ? String(error.code) : undefined
  return code && /^[A-Z_]{1,40}$/.test(code) ? `it cannot be reached (${code})` : 'it cannot be reached'
}
