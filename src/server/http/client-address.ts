import type { IncomingMessage } from 'node:http'
import proxyAddr from 'proxy-addr'

/** Which addresses may speak for others in `X-Forwarded-For`. */
export type TrustProxy = (address: string, hop: number) => boolean

/** Nobody is trusted: the connection's own address counts. */
export const TRUST_NOBODY: TrustProxy = () => false

/**
 * `TRUST_PROXY`: how many proxies stand in front (`1`), or their addresses, ranges and names, comma-separated
 * (`10.0.0.0/8,loopback`; names: loopback, linklocal, uniquelocal).
 * @throws TypeError where it is neither
 */
export function parseTrustProxy(text: string): TrustProxy {
  if (/^\d+$/.test(text)) {
    const hops = Number(text)
    return (_address, hop) => hop < hops
  }
  return proxyAddr.compile(text.split(',').map((part) => part.trim()))
}

/** The client's address as far as it can be believed. */
export const clientAddress = (request: IncomingMessage, trust: TrustProxy): string =>
  proxyAddr(request, trust) || 'unknown'

/** Whether a proxy that is believed says that the client came to it over TLS. */
export const cameOverTls = ({ socket, headers }: IncomingMessage, trust: TrustProxy): boolean =>
  trust(socket.remoteAddress ?? '', 0) && headers['x-forwarded-proto'] === 'https'
