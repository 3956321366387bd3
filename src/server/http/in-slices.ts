import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { inQuietTurn } from '../../util/quiet-turn.js'

/** Milliseconds for which requests are begun in one turn of the event loop. */
const SLICE_MS = 2

/** Requests that have arrived and not begun. All servers of the process share its event loop, and so the order. */
let waiting: (() => void)[] = []

function slice(): void {
  const endsAt = performance.now() + SLICE_MS
  let begun = 0
  try {
    for (const begin of waiting) {
      begun += 1
      begin()
      if (performance.now() > endsAt) break
    }
  } finally {
    // A request whose handler throws must not keep the others waiting.
    waiting = waiting.slice(begun)
    if (waiting.length > 0) inQuietTurn(slice)
  }
}

/** Whether a request asks how the service is, which has to be told also where all others wait. */
export const isProbe = ({ url = '' }: Pick<IncomingMessage, 'url'>): boolean =>
  url.startsWith('/health/') || /^\/metrics(\?|$)/.test(url)

/**
 * Begins requests in the order in which they arrive, with turns of the event loop between slices: however many have arrived
 * at once, connections are accepted and answers are sent meanwhile.
 * @param isUrgent true for a request that costs little and is handled at once
 */
export function inSlices(
  handler: RequestListener,
  isUrgent: (request: IncomingMessage) => boolean,
): RequestListener {
  return (request, response: Parameters<RequestListener>[1] & ServerResponse) => {
    if (isUrgent(request)) {
      handler(request, response)
      return
    }
    waiting.push(() => handler(request, response))
    if (waiting.length === 1) inQuietTurn(slice)
  }
}
