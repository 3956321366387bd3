import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { ConfigurationError } from '../../errors.js'
import { connectionArrived } from '../../util/quiet-turn.js'
import type { Yoga } from '../create-yoga.js'
import { boundConnections } from './bound-connections.js'
import { TRUST_NOBODY, type TrustProxy } from './client-address.js'
import { cutUnreadAnswers } from './cut-unread-answers.js'
import { inSlices, isProbe } from './in-slices.js'
import { inTurn } from './in-turn.js'
import { type CutReason, TRANSPORT_LIMITS, type TransportLimits } from './transport-limits.js'

/** The handler of all requests, and the Yoga server behind it, which is disposed of when the HTTP server closes. */
export interface HttpService {
  readonly handler: RequestListener
  readonly yoga: Pick<Yoga, 'dispose'>
  readonly transport?: Transport
}

/** What connections may take, who is bounded, and who is told of cut connections. */
export interface Transport {
  readonly limits: TransportLimits
  readonly trustProxy: TrustProxy
  readonly onCut: (reason: CutReason) => void
}

const TRANSPORT: Transport = { limits: TRANSPORT_LIMITS, trustProxy: TRUST_NOBODY, onCut: () => {} }

export interface HttpServer {
  readonly url: string
  /**
   * Stops accepting connections, waits up to `drainMs` milliseconds for open requests, then cuts the rest. Yoga's own hook
   * on SIGTERM would drop them at once.
   */
  close(drainMs: number): Promise<void>
}

/** Time for which requests are still accepted after the stop has begun, in milliseconds. */
const LAST_CALL_MS = 250
const HANG_UP_EVERY_MS = 50
/**
 * Connections that the operating system keeps until they are accepted. It drops others without a word, and their clients try
 * again after 1, 3 and 7 s: with Node's own 511, a probe waited for 15 s behind a thousand clients.
 */
const BACKLOG = 4_096

/**
 * @param changed limits that differ from those of the service
 * @throws ConfigurationError if the port is in use or not permitted, or the host is not an address of this machine
 */
export async function listen(
  { handler, yoga, transport: { limits, trustProxy, onCut } = TRANSPORT }: HttpService,
  host: string,
  port: number,
  changed: Partial<TransportLimits> = {},
): Promise<HttpServer> {
  const all = { ...limits, ...changed }
  const server = createServer({
    headersTimeout: all.headersMs,
    requestTimeout: all.requestMs,
    connectionsCheckingInterval: all.checkEveryMs,
    keepAliveTimeout: all.keepAliveMs,
    // The handler refuses such a request, with an error that a client can read.
    requireHostHeader: false,
  })
  boundConnections(server, all, trustProxy, onCut)
  cutUnreadAnswers(server, all, onCut)
  server.on('request', inSlices(inTurn(handler, all, onCut), isProbe))
  const connections = new Set<Socket>()
  server.on('connection', (socket) => {
    connectionArrived()
    connections.add(socket)
    socket.on('close', () => connections.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenProblem(error, host, port)))
    server.listen({ port, host, backlog: BACKLOG }, resolve)
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
  // A request may be on its way on a connection that looks idle. Closing the connection now would reset it.
  await sleep(Math.min(LAST_CALL_MS, drainMs))
  // A keep-alive connection that becomes idle during the drain would otherwise wait for its client's next request.
  const hangUp = setInterval(() => {
    server.closeIdleConnections()
    // Browsers open connections in advance. Node does not count one as idle before its first request.
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
