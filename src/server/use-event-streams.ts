import type { ExecutionResult } from 'graphql'
import { isAsyncIterable, type Plugin } from 'graphql-yoga'
import { isShared, messageOf } from './limits/shared-events.js'

/** Time after which a stream sends something in any case, so that no proxy takes it for dead, in milliseconds. */
const PING_EVERY_MS = 12_000
const HEADERS = {
  'content-type': 'text/event-stream',
  connection: 'keep-alive',
  'cache-control': 'no-cache',
  'content-encoding': 'none',
}
const PING = Buffer.from(':\n\n')
const COMPLETE = Buffer.from('event: complete\ndata:\n\n')

/**
 * Writes the answers of subscriptions as an event stream, as Yoga does it, but an answer that many have asked for is one buffer
 * for all of them. Yoga would encode its text for each.
 */
export function useEventStreams(): Plugin {
  return {
    onResultProcess({ result, resultProcessor, setResultProcessor }) {
      // The other media types have no place for more than one answer, so that Yoga has found no processor for them.
      if (isAsyncIterable(result) && resultProcessor)
        setResultProcessor(streamEvents, HEADERS['content-type'])
    },
  }
}

type ResultProcessor = Parameters<
  Parameters<NonNullable<Plugin['onResultProcess']>>[0]['setResultProcessor']
>[0]

const streamEvents: ResultProcessor = (results, { ReadableStream, Response }) => {
  if (!isAsyncIterable<ExecutionResult>(results))
    throw new TypeError('An event stream needs a stream of answers.')
  const iterator = results[Symbol.asyncIterator]()
  let pings: NodeJS.Timeout | undefined
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      // Some browsers wait for the first byte until they say that the stream is open.
      controller.enqueue(PING)
      pings = setInterval(() => {
        if ((controller.desiredSize ?? 0) > 0) controller.enqueue(PING)
      }, PING_EVERY_MS)
    },
    async pull(controller) {
      try {
        const { done, value } = await iterator.next()
        if (value) controller.enqueue(isShared(value) ? value.messages() : messageOf(jsonOf(value)))
        if (!done) return
        clearInterval(pings)
        controller.enqueue(COMPLETE)
        controller.close()
      } catch (error) {
        clearInterval(pings)
        controller.error(error)
      }
    },
    async cancel() {
      clearInterval(pings)
      await iterator.return?.()
    },
  })
  return new Response(body, { status: 200, headers: { ...HEADERS } })
}

/** Writes an answer as JSON, without what its errors tell the server alone. */
function jsonOf({ errors, ...result }: ExecutionResult): string {
  if (!errors) return JSON.stringify(result)
  const shown = errors.map((error) => {
    const { extensions: { http: _http, unexpected: _unexpected, ...extensions } = {}, ...rest } =
      error.toJSON()
    return Object.keys(extensions).length > 0 ? { ...rest, extensions } : rest
  })
  return JSON.stringify({ errors: shown, ...result })
}
