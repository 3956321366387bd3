import type { IncomingMessage } from 'node:http'
import proxyAddr from 'proxy-addr'
import { readAddress } from '../../util/network.js'

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

/** Returns the address of a connection's other end: a client, or a proxy. */
export const peerAddress = (socket: { readonly remoteAddress?: string | undefined }): string =>
  readAddress(socket.remoteAddress ?? '') ?? 'unknown'

/**
 * Returns the client's address: the first one from the server that is not a trusted proxy. An entry of `X-Forwarded-For` that
 * is no address ends the list, so that its client counts as the proxy that wrote it.
 */
export function clientAddress({ socket, headers }: IncomingMessage, trust: TrustProxy): string {
  let address = peerAddress(socket)
  const claims = String(headers['x-forwarded-for'] ?? '')
    .split(',')
    .reverse()
  for (const [hop, claim] of claims.entries()) {
    const claimed = trust(address, hop) ? readAddress(claim) : undefined
    if (claimed === undefined) break
    address = claimed
  }
  return address
}

/** Returns true if a trusted proxy says that the client connected to it over TLS. */
export const cameOverTls = ({ socket, headers }: IncomingMessage, trust: TrustProxy): boolean =>
  trust(peerAddress(socket), 0) && headers['x-forwarded-proto'] === 'https'
