import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ConfigurationError } from '../errors.js'
import type { Yoga } from './create-yoga.js'

export interface HttpServer {
  readonly url: string
  /**
   * Stops accepting, lets requests in flight finish for `drainMs` at most, then cuts what is left.
   * Yoga's own hook on SIGTERM drops them.
   */
  close(drainMs: number): Promise<void>
}

/** Slow clients do not hold a connection: a header in 10 s, a whole request in 30 s. */
const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 30_000
const KEEP_ALIVE_TIMEOUT_MS = 65_000

/** @throws ConfigurationError where the port is taken or not allowed */
export async function listen(yoga: Yoga, host: string, port: number): Promise<HttpServer> {
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    },
    yoga,
  )
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenProblem(error, host, port)))
    server.listen(port, host, resolve)
  })
  const { port: actualPort } = server.address() as AddressInfo
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${actualPort}`,
    async close(drainMs) {
      await drain(server, drainMs)
      await yoga.dispose()
    },
  }
}

function drain(server: Server, drainMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), drainMs)
    server.close(() => {
      clearTimeout(cut)
      resolve()
    })
    server.closeIdleConnections()
  })
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
