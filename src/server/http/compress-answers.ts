import type { IncomingMessage, ServerResponse } from 'node:http'
import { constants } from 'node:zlib'
import compression from 'compression'

/** Node's own request and response, and what comes next. */
export type Middleware = (request: IncomingMessage, response: ServerResponse, next: () => void) => void

/** Below it a compressed answer is hardly smaller, and is one packet anyway; in bytes. */
const WORTH_COMPRESSING = 1_024

/**
 * Brotli takes quality 4 of 11 and a window of 512 KiB: a page of 100 kB then takes 1.8 ms where gzip takes 3.0 ms, and 2.5 ms
 * with the window of 4 MiB that it has by default.
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
