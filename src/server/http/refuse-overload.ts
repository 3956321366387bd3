import type { IncomingMessage } from 'node:http'
import { messageOf } from '../../errors.js'
import { type Admission, overloaded } from '../../util/admission.js'
import type { Middleware } from './compress-answers.js'
import { readRequestId } from './request-id.js'
import { securityHeaders } from './use-security-headers.js'

export interface OverloadOptions {
  readonly admission: Pick<Admission, 'isFull' | 'expect'>
  /** Called for each operation that is refused. */
  readonly onRefused: () => void
  readonly overTls: (request: IncomingMessage) => boolean
}

const GRAPHQL_JSON = 'application/graphql-response+json'

/**
 * Refuses operations with OVERLOADED while too many are in flight, before their bodies are read: a refusal costs a tenth of
 * what it costs in the GraphQL server, so that a thousand clients who come back at once do not keep others waiting. A page of
 * another origin, which needs more headers to read the answer, gets it from the GraphQL server.
 */
export function refuseOverload({ admission, onRefused, overTls }: OverloadOptions): Middleware {
  const { retryAfterSeconds, ...error } = overloaded()
  const answer = JSON.stringify({
    errors: [{ message: messageOf(overloaded()), extensions: { code: error.code } }],
  })
  return (request, response, next) => {
    const isOperation = request.method === 'POST' && request.url?.split('?', 1)[0] === '/graphql'
    if (!isOperation) return next()
    if (request.headers.origin !== undefined || !admission.isFull) {
      admission.expect()
      return next()
    }
    onRefused()
    const type = request.headers.accept?.includes(GRAPHQL_JSON) ? GRAPHQL_JSON : 'application/json'
    response
      .writeHead(503, {
        ...securityHeaders(overTls(request)),
        'content-type': `${type}; charset=utf-8`,
        'content-length': Buffer.byteLength(answer),
        'retry-after': String(retryAfterSeconds),
        'x-request-id': readRequestId(request.headers['x-request-id']),
      })
      .end(answer)
  }
}
