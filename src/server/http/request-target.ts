import type { IncomingMessage } from 'node:http'

/** A host's name or address, and a port: RFC 9110, section 7.2, without percent-encoding, which no host needs. */
const HOST = /^(?:\[[\da-f:.]+\]|[\w.~-]+)(?::\d{1,5})?$/i

/** A path and a query. A second slash or a backslash would begin the name of a host for a parser of URLs. */
const PATH = /^\/(?![/\\])[^#]*$/

const ABSOLUTE = /^https?:\/\/([^/?#]*)(.*)$/i

/** What a request asks for: a host, and a path with a query. */
export interface RequestTarget {
  readonly host: string
  readonly path: string
}

/**
 * Returns what a request asks for, or undefined if its `Host` or its target is malformed. Every part of the service that
 * looks at a URL puts these two together, so that a `Host` with a path would choose the route. A target may be a whole URL,
 * whose host then counts. A request of HTTP/1.0 may have no `Host`.
 */
export function targetOf(request: IncomingMessage): RequestTarget | undefined {
  const { url = '', headersDistinct, httpVersion } = request
  const [, absoluteHost, rest = ''] = ABSOLUTE.exec(url) ?? []
  const hosts = headersDistinct['host'] ?? (httpVersion === '1.0' ? ['localhost'] : [])
  const [named] = hosts
  if (named === undefined || hosts.length > 1 || !isHost(named)) return undefined
  const host = absoluteHost ?? named
  const path = absoluteHost === undefined ? url : rest.replace(/^(?!\/)/, '/')
  return isHost(host) && PATH.test(path) && URL.canParse(`http://${host}${path}`) ? { host, path } : undefined
}

/** Returns true if the text is a host, also in the eyes of a parser of URLs, to which 999.1.1.1 and port 99999 are none. */
const isHost = (text: string): boolean => HOST.test(text) && URL.canParse(`http://${text}/`)
