import { AffinityqlError, errorOfAnswer, type GraphqlError } from './errors.js'
import { backOffMs, pause, pauseAfter } from './retry.js'
import {
  asAffinityqlError,
  type ClientOptions,
  detailsOf,
  post,
  type Request,
  readAnswer,
} from './transport.js'

export interface SubscribeOptions {
  /** This signal ends the subscription, and the iterator is then done. */
  readonly signal?: AbortSignal | undefined
  /** This is called when a broken connection is back. The events in between are lost, so read the list again. */
  readonly onReconnect?: (() => void) | undefined
  /** This is called when the connection breaks, with the pause until the next try in milliseconds. */
  readonly onDisconnect?: ((error: AffinityqlError, pauseMs: number) => void) | undefined
}

/** The server sends something every 12 s. A stream that is silent for this long is dead, in milliseconds. */
const SILENCE_MS = 30_000
/** A stream that was open waits so many seconds, if the server asks for it: its budget of requests is for a minute. */
const LONGEST_PAUSE_SECONDS = 300

/**
 * Subscribes over server-sent events. If the stream breaks, or the server ends it (at a restart, or to shed load), the
 * client connects again for as long as the caller reads. GraphQL errors end it. It tries the first connection four times.
 */
export async function* subscribe(
  options: ClientOptions,
  request: Request,
  { signal, onReconnect, onDisconnect }: SubscribeOptions = {},
): AsyncGenerator<unknown, void, undefined> {
  let wasConnected = false
  let failures = 0
  while (!signal?.aborted) {
    const stop = new AbortController()
    const ends = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal
    try {
      for await (const item of connection(options, request, ends, () => stop.abort())) {
        if (item === CONNECTED) {
          if (wasConnected) onReconnect?.()
          wasConnected = true
          continue
        }
        failures = 0
        yield item
      }
      if (signal?.aborted) return
      throw new AffinityqlError('The server ended the stream.', { code: 'NETWORK_ERROR' })
    } catch (reason) {
      if (signal?.aborted) return
      const error = asAffinityqlError(reason, { signal })
      if (!(error instanceof AffinityqlError)) throw error
      const ms = pauseAfter(error, failures, wasConnected ? LONGEST_PAUSE_SECONDS : undefined)
      failures += 1
      if (ms === undefined || (!wasConnected && failures >= FIRST_ATTEMPTS)) throw error
      onDisconnect?.(error, ms)
      try {
        await pause(Math.max(ms, backOffMs(0)), signal)
      } catch {
        return
      }
    } finally {
      stop.abort()
    }
  }
}

const FIRST_ATTEMPTS = 4
const CONNECTED = Symbol('connected')

async function* connection(options: ClientOptions, request: Request, ends: AbortSignal, cut: () => void) {
  let timer = setTimeout(cut, SILENCE_MS)
  const heard = () => {
    clearTimeout(timer)
    timer = setTimeout(cut, SILENCE_MS)
  }
  try {
    const response = await post(options, request, 'text/event-stream', ends)
    if (!response.headers.get('content-type')?.startsWith('text/event-stream') || !response.body) {
      // The server refuses a subscription with an ordinary JSON answer.
      throw errorOfAnswer(await readAnswer(response, ends), detailsOf(response))
    }
    if (response.ok) yield CONNECTED
    for await (const { event, data } of readEvents(response.body, heard, ends)) {
      if (event === 'complete') return
      if (event !== 'next') continue
      const answer: { readonly data?: unknown; readonly errors?: readonly GraphqlError[] } = JSON.parse(data)
      const isPartial = answer.errors?.length && answer.data
      const error = answer.errors?.length ? errorOfAnswer(answer, detailsOf(response)) : undefined
      if (error && (!isPartial || !options.onPartial)) throw error
      if (error) options.onPartial?.(error)
      yield answer.data
    }
  } finally {
    clearTimeout(timer)
  }
}

/** This is one event of a `text/event-stream`. */
export interface ServerSentEvent {
  readonly event: string
  readonly data: string
}

/**
 * Reads server-sent events from a response's body, as they come. Lines end in LF or CR LF; no server uses CR alone.
 * @param onBytes is called for every chunk, also for the comment that the server sends every 12 s
 * @param ends stops the reading by itself: once garbage was collected, Node.js 20 no longer ends the body of a response when
 * the signal of its request is aborted
 */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
  onBytes: () => void,
  ends?: AbortSignal,
): AsyncGenerator<ServerSentEvent, void, undefined> {
  const reader = body.getReader()
  const cancel = () => {
    reader.cancel().catch(() => {})
  }
  ends?.addEventListener('abort', cancel)
  const decoder = new TextDecoder()
  let rest = ''
  let event = 'message'
  let data: string[] = []
  try {
    for (;;) {
      const { done, value } = await reader.read()
      ends?.throwIfAborted()
      if (done) return
      onBytes()
      rest += decoder.decode(value, { stream: true })
      const lines = rest.split(/\r?\n/)
      rest = lines.pop() ?? ''
      for (const line of lines) {
        if (line === '') {
          if (data.length > 0 || event !== 'message') yield { event, data: data.join('\n') }
          event = 'message'
          data = []
        } else if (line.startsWith('event:')) event = line.slice('event:'.length).trim()
        else if (line.startsWith('data:')) data.push(line.slice('data:'.length).replace(/^ /, ''))
      }
    }
  } finally {
    ends?.removeEventListener('abort', cancel)
    cancel()
  }
}
