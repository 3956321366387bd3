import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { CutReason, TransportLimits } from './transport-limits.js'

/**
 * Handles the requests of a connection one after the other. Node hands over all requests of a packet at once (HTTP
 * pipelining), so that one connection would run hundreds of them at the same time, and keep their answers until its client
 * has read the first. Requests of different connections do not wait for each other. A connection with more than
 * `waitingRequests` is cut: 28 bytes from its client are a request of over 1 kB here.
 */
export function inTurn(
  handler: RequestListener,
  { waitingRequests }: Pick<TransportLimits, 'waitingRequests'>,
  onCut: (reason: CutReason) => void,
): RequestListener {
  /** Requests that wait for the one that runs, by their connections. */
  const queues = new WeakMap<Socket, [IncomingMessage, ServerResponse][]>()

  function run(socket: Socket, request: IncomingMessage, response: ServerResponse): void {
    response.once('close', () => {
      const next = socket.destroyed ? undefined : queues.get(socket)?.shift()
      if (next) run(socket, ...next)
      else queues.delete(socket)
    })
    handler(request, response as Parameters<RequestListener>[1])
  }

  return (request, response) => {
    const { socket } = request
    // Node hands over the rest of a packet also after its connection was cut.
    if (socket.destroyed) return
    const queue = queues.get(socket)
    if (queue && queue.length >= waitingRequests) {
      queues.delete(socket)
      socket.resetAndDestroy()
      onCut('waiting_requests')
      return
    }
    if (queue) {
      queue.push([request, response])
      return
    }
    queues.set(socket, [])
    run(socket, request, response)
  }
}
