import type { IncomingMessage } from 'node:http'
import proxyAddr from 'proxy-addr'

/** Decides which addresses are trusted to name their client in `X-Forwarded-For`; `hop` counts from the server. */
export type TrustProxy = (address: string, hop: number) => boolean

/** Trusts no proxy, so that the client is the address of the connection. */
export const TRUST_NOBODY: TrustProxy = () => false

/**
 * Trusts the proxies in front of this service: a number of them, or their addresses, ranges and names (`10.0.0.0/8`,
 * `loopback`, `linklocal`, `uniquelocal`).
 * @throws TypeError if a text is not an address, a range or one of these names
 */
export function trustProxies(proxies: number | readonly string[]): TrustProxy {
  if (typeof proxies === 'number') return (_address, hop) => hop < proxies
  return proxyAddr.compile([...proxies])
}

/** Returns the client's address: the first one from the server that is not a trusted proxy. */
export const clientAddress = (request: IncomingMessage, trust: TrustProxy): string =>
  proxyAddr(request, trust) || 'unknown'

/** Returns true if a trusted proxy says that the client connected to it over TLS. */
export const cameOverTls = ({ socket, headers }: IncomingMessage, trust: TrustProxy): boolean =>
  trust(socket.remoteAddress ?? '', 0) && headers['x-forwarded-proto'] === 'https'
