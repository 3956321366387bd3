import { createClient } from 'graphql-sse'
import { createStore } from '../hooks/store.js'
import { authorization, expireSession, whenSignedIn } from '../session/session.js'
import { heardServer, reportLost, whenConnected } from './connectivity.js'
import { isNoAnswer, isProxyAlone } from './errors.js'
import { ANSWER_MS } from './timed-fetch.js'

/** The console counts open streams and streams that are still connecting. */
export interface LiveState {
  readonly open: number
  readonly connecting: number
}

export const liveState = createStore<LiveState>({ open: 0, connecting: 0 })

export function countStream(change: Partial<LiveState>): void {
  const { open, connecting } = liveState.get()
  liveState.set({ open: open + (change.open ?? 0), connecting: connecting + (change.connecting ?? 0) })
}

/** The server sends a comment every 12 s. A stream that is silent for longer is dead, whatever TCP thinks. */
const SILENCE_MS = 20_000
const BACK_OFF_MS = { first: 250, longest: 8_000 }

export const backOff = (attempt: number): number =>
  Math.min(BACK_OFF_MS.first * 2 ** attempt, BACK_OFF_MS.longest) * (0.75 + Math.random() / 2)

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/**
 * The client runs subscriptions over fetch. EventSource can send neither the authorization header nor a POST body.
 * Each subscription is one request ("distinct connections mode"), as Yoga expects it.
 */
export const streamClient = createClient({
  url: '/graphql',
  singleConnection: false,
  headers: authorization,
  retryAttempts: Number.MAX_SAFE_INTEGER,
  async retry(attempt) {
    await sleep(backOff(attempt))
    await ready()
  },
  async fetchFn(input: RequestInfo, init: RequestInit) {
    const response = await opened(input, init).catch((error: unknown) => {
      if (isNoAnswer(error)) reportLost()
      throw error
    })
    if (response.status === 401) expireSession(new Headers(init.headers).get('authorization') ?? undefined)
    if (isProxyAlone(response.status) && !isOfService(response)) reportLost()
    return cutWhenSilent(response)
  },
})

/** The service has the status of a proxy alone, too, where it refuses a stream, since it has too much to do. */
const isOfService = ({ headers }: Response): boolean =>
  /^(text\/event-stream|application\/(graphql-response\+)?json)\b/.test(headers.get('content-type') ?? '')

/** A stream has no end, but it must begin: the time-out is off as soon as the server answers. */
async function opened(input: RequestInfo, init: RequestInit): Promise<Response> {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(new DOMException('no answer', 'TimeoutError')), ANSWER_MS)
  const signal = init.signal ? AbortSignal.any([init.signal, late.signal]) : late.signal
  try {
    return await fetch(input, { ...init, signal, redirect: 'error' })
  } finally {
    clearTimeout(timer)
  }
}

/** Waits until the server answers and somebody is signed in. */
export async function ready(): Promise<void> {
  await whenConnected()
  await whenSignedIn()
}

function cutWhenSilent(response: Response): Response {
  if (!response.body) return response
  let timer: ReturnType<typeof setTimeout> | undefined
  const watched = response.body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      start: (controller) => rearm(controller),
      transform(chunk, controller) {
        heardServer()
        rearm(controller)
        controller.enqueue(chunk)
      },
      flush: () => clearTimeout(timer),
    }),
  )
  function rearm(controller: TransformStreamDefaultController<Uint8Array>): void {
    clearTimeout(timer)
    timer = setTimeout(() => controller.error(new TypeError('the stream went silent')), SILENCE_MS)
  }
  return new Response(watched, response)
}
