import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { ConfigurationError } from '../../errors.js'
import type { Yoga } from '../create-yoga.js'

export interface HttpServer {
  readonly url: string
  /**
   * Stops accepting, lets requests in flight finish for `drainMs` at most, then cuts what is left.
   * Yoga's own hook on SIGTERM drops them.
   */
  close(drainMs: number): Promise<void>
}

/** How long a client may take, in milliseconds. */
export interface ClientTimeouts {
  /** For all of a request's headers. */
  readonly headers: number
  /** For a whole request. */
  readonly request: number
  /** How often the two are checked: Node's own 30 s would let a client take that much longer. */
  readonly checkEvery: number
}

/** Slow clients do not hold a connection: a header in 10 s, a whole request in 30 s. */
const CLIENT_TIMEOUTS: ClientTimeouts = { headers: 10_000, request: 30_000, checkEvery: 2_000 }
const KEEP_ALIVE_TIMEOUT_MS = 65_000
/** How long requests are still taken after the stop has begun. */
const LAST_CALL_MS = 250
const HANG_UP_EVERY_MS = 50

/** @throws ConfigurationError where the port is taken or not allowed */
export async function listen(
  yoga: Yoga,
  host: string,
  port: number,
  timeouts: ClientTimeouts = CLIENT_TIMEOUTS,
): Promise<HttpServer> {
  const server = createServer(
    {
      headersTimeout: timeouts.headers,
      requestTimeout: timeouts.request,
      connectionsCheckingInterval: timeouts.checkEvery,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    },
    yoga,
  )
  const connections = new Set<Socket>()
  server.on('connection', (socket) => {
    connections.add(socket)
    socket.on('close', () => connections.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenProblem(error, host, port)))
    server.listen(port, host, resolve)
  })
  const { port: actualPort } = server.address() as AddressInfo
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${actualPort}`,
    async close(drainMs) {
      await drain(server, connections, drainMs)
      await yoga.dispose()
    },
  }
}

async function drain(server: Server, connections: ReadonlySet<Socket>, drainMs: number): Promise<void> {
  const cut = setTimeout(() => server.closeAllConnections(), drainMs)
  // A request that is on its way on a connection that looks idle would be reset: let it come in first.
  await sleep(Math.min(LAST_CALL_MS, drainMs))
  // A connection that falls idle now would wait for its client's next request.
  const hangUp = setInterval(() => {
    server.closeIdleConnections()
    // For Node one that has never said anything, as browsers open them in advance, is not idle.
    for (const socket of connections) if (socket.bytesRead === 0) socket.destroy()
  }, HANG_UP_EVERY_MS)
  await new Promise((resolve) => server.close(resolve))
  clearInterval(hangUp)
  clearTimeout(cut)
}

function listenProblem(error: NodeJS.ErrnoException, host: string, port: number): Error {
  if (error.code === 'EADDRINUSE') {
    return new ConfigurationError([
      `Port ${port} on ${host} is taken: stop what uses it, or set PORT to another.`,
    ])
  }
  if (error.code === 'EACCES') {
    return new ConfigurationError([
      `Port ${port} may not be used by this account: set PORT to one above 1023.`,
    ])
  }
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND') {
    return new ConfigurationError([`HOST ${host} is not an address of this machine.`])
  }
  return error
}
