import type { IncomingMessage, ServerResponse } from 'node:http'
import { constants } from 'node:zlib'
import compression from 'compression'

/** Node's own request and response, and what comes next. */
export type Middleware = (request: IncomingMessage, response: ServerResponse, next: () => void) => void

/** Below it a compressed answer is hardly smaller, and is one packet anyway; in bytes. */
const WORTH_COMPRESSING = 1_024

/**
 * Quality 4 of 11 and a window of 512 KiB: for a page of 100 affinities brotli then takes as long as gzip, and a stream
 * holds some 2 MiB less than with its own window of 4 MiB.
 */
const BROTLI = {
  params: { [constants.BROTLI_PARAM_QUALITY]: 4, [constants.BROTLI_PARAM_LGWIN]: 19 },
}

/**
 * Compresses answers as `Accept-Encoding` asks, in zlib's threads. An event stream is never compressed: an event would wait
 * in the compressor until there are enough of them. Tokens travel in a header that no other page can set, so that nobody
 * can guess at a secret by the length of an answer (BREACH).
 */
export function compressAnswers(): Middleware {
  const isEventStream = (response: ServerResponse) =>
    String(response.getHeader('content-type')).startsWith('text/event-stream')
  return compression({
    threshold: WORTH_COMPRESSING,
    brotli: BROTLI,
    filter: (request, response) => !isEventStream(response) && compression.filter(request, response),
  })
}
