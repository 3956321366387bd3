import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Handles the requests of a connection one after the other. Node hands over all requests of a packet at once (HTTP
 * pipelining), so that one connection would run hundreds of them at the same time, and keep their answers until its client
 * has read the first. Requests of different connections do not wait for each other.
 */
export function inTurn(handler: RequestListener): RequestListener {
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
    const queue = queues.get(socket)
    if (queue) {
      queue.push([request, response])
      return
    }
    queues.set(socket, [])
    run(socket, request, response)
  }
}
