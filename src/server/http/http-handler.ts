import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { cameOverTls, TRUST_NOBODY, type TrustProxy } from './client-address.js'
import { compressAnswers, type Middleware } from './compress-answers.js'
import { type OverloadOptions, refuseOverload } from './refuse-overload.js'
import { readRequestId } from './request-id.js'
import { targetOf } from './request-target.js'
import { serveConsole } from './serve-console.js'
import { securityHeaders } from './use-security-headers.js'

export interface HttpHandlerOptions {
  /** Folder of the built console. If it does not exist, no console is served. */
  readonly consoleDirectory: string
  readonly trustProxy?: TrustProxy | undefined
  /** Whether operations are refused now, and who is told. Default: they never are. */
  readonly overload?: Omit<OverloadOptions, 'overTls'> | undefined
}

/**
 * Refuses requests whose host or target is malformed, serves the console's files, which the build has compressed, and passes
 * all other requests to Yoga, whose answers are compressed here.
 */
export function createHttpHandler(
  yoga: RequestListener,
  { consoleDirectory, trustProxy = TRUST_NOBODY, overload }: HttpHandlerOptions,
): RequestListener {
  const overTls = (request: IncomingMessage) => cameOverTls(request, trustProxy)
  const console = serveConsole({ directory: consoleDirectory, overTls })
  const compress = compressAnswers()
  const admit: Middleware = overload
    ? refuseOverload({ ...overload, overTls })
    : (_request, _response, next) => next()
  return (request, response) => {
    const target = targetOf(request)
    if (target === undefined) return refuseTarget(request, response, overTls(request))
    request.url = target.path
    request.headers.host = target.host
    console(request, response, () =>
      admit(request, response, () => compress(request, response, () => yoga(request, response))),
    )
  }
}

const TARGET_ERROR = JSON.stringify({
  errors: [
    {
      message: 'Send a valid Host header, and a path such as /graphql.',
      extensions: { code: 'BAD_USER_INPUT' },
    },
  ],
})

function refuseTarget(request: IncomingMessage, response: ServerResponse, overTls: boolean): void {
  response
    .writeHead(400, {
      ...securityHeaders(overTls),
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(TARGET_ERROR),
      'x-request-id': readRequestId(request.headers['x-request-id']),
      // The body of such a request is not read.
      connection: 'close',
    })
    .end(TARGET_ERROR)
}
