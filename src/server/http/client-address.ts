import type { IncomingMessage } from 'node:http'
import proxyAddr from 'proxy-addr'

/** Which addresses may speak for others in `X-Forwarded-For`. */
export type TrustProxy = (address: string, hop: number) => boolean

/** Nobody is trusted: the connection's own address counts. */
export const TRUST_NOBODY: TrustProxy = () => false

/**
 * Trusts so many proxies in front, or those of these addresses, ranges and names (`10.0.0.0/8`, `loopback`, `linklocal`,
 * `uniquelocal`).
 * @throws TypeError where an address is none
 */
export function trustProxies(proxies: number | readonly string[]): TrustProxy {
  if (typeof proxies === 'number') return (_address, hop) => hop < proxies
  return proxyAddr.compile([...proxies])
}

/** The client's address as far as it can be believed. */
export const clientAddress = (request: IncomingMessage, trust: TrustProxy): string =>
  proxyAddr(request, trust) || 'unknown'

/** Whether a proxy that is believed says that the client came to it over TLS. */
export const cameOverTls = ({ socket, headers }: IncomingMessage, trust: TrustProxy): boolean =>
  trust(socket.remoteAddress ?? '', 0) && headers['x-forwarded-proto'] === 'https'
