import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname, join } from 'node:path'
import fresh from 'fresh'
import Negotiator from 'negotiator'
import onHeaders from 'on-headers'
import sirv from 'sirv'
import type { Middleware } from './compress-answers.js'
import { readRequestId } from './request-id.js'
import { securityHeaders } from './use-security-headers.js'

export interface ConsoleOptions {
  /** Folder of the built console. If it has no index.html, no page is served. */
  readonly directory: string
  /** Returns true if the client connected over TLS, as a trusted proxy says. */
  readonly overTls: (request: IncomingMessage) => boolean
}

/** Paths of the service itself. The console's router handles every other page. */
const RESERVED = /^\/(graphql|graphiql|health|metrics)(\/|$)/
/** The console is a single-page application: all its addresses serve this file. */
const PAGE = '/index.html'
/** Folder of the files whose names contain a hash of their content. */
const HASHED = '/assets/'

/** Encodings that the build has made, smallest first: this order decides where the client has no preference. */
const ENCODINGS = ['br', 'gzip', 'identity']

/** Styles may be inline, since Mantine writes its theme into style elements. Scripts may come from the console's files only. */
const SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/**
 * Serves the console's files with sirv, which lists them once at start, so that a request can never name another path of
 * the file system. Three things are done here because sirv gets them wrong: weights in `Accept-Encoding`, lists in
 * `If-None-Match`, and ranges (it reads `bytes=-500` as the first 500 bytes). The header `Range` is not passed on, so that
 * the whole file is sent, which HTTP permits.
 */
export function serveConsole({ directory, overTls }: ConsoleOptions): Middleware {
  if (!existsSync(join(directory, PAGE))) return (_request, _response, next) => next()
  const tags = contentTags(directory)
  const serveFile = sirv(directory, {
    brotli: true,
    gzip: true,
    extensions: [],
    setHeaders(response, path) {
      const isHashed = path.startsWith(HASHED)
      response.setHeader('etag', isHashed ? `W/"${path}"` : (tags.get(path) ?? 'W/""'))
      response.setHeader('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache')
      response.setHeader('content-security-policy', SECURITY_POLICY)
    },
  })

  return (request, response, next) => {
    const path = fileAsked(request)
    if (path === undefined) return next()
    for (const [name, value] of Object.entries(securityHeaders(overTls(request)))) {
      response.setHeader(name, value)
    }
    response.setHeader('x-request-id', readRequestId(request.headers['x-request-id']))
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      if (path !== PAGE) return next()
      response.writeHead(405, { allow: 'GET, HEAD' }).end()
      return
    }
    onHeaders(response, () => answerNotModified(request, response))
    response.once('pipe', (file) => {
      // sirv handles neither event: an error of the file would end the process, and a client that leaves would leak the file.
      file.once('error', () => response.destroy())
      response.once('close', () => file.destroy())
    })
    const encoding = new Negotiator(request).encoding(ENCODINGS, { preferred: ENCODINGS }) ?? 'identity'
    serveFile(withUrl(request, path, { 'accept-encoding': encoding }), response, next)
  }
}

/** Returns the path of the file that a request asks for, or undefined if the path cannot be one of the console. */
function fileAsked(request: IncomingMessage): string | undefined {
  const { url = '' } = request
  // The URL is put together and not resolved: `//graphql/` must name a path, not a host.
  if (!URL.canParse(`http://console${url}`)) return undefined
  const { pathname } = new URL(`http://console${url}`)
  if (RESERVED.test(pathname)) return undefined
  if (pathname === '/') return PAGE
  if (extname(pathname) === '') return wantsPage(request) ? PAGE : undefined
  return /\.(br|gz)$|\/$/.test(pathname) ? undefined : pathname
}

/** Returns true if a browser opens a page: other requests do not accept `text/html` by name. */
const wantsPage = (request: IncomingMessage): boolean =>
  new Negotiator(request).mediaTypes().some((type) => type.toLowerCase().split(';')[0] === 'text/html')

const withUrl = (
  request: IncomingMessage,
  url: string,
  headers: IncomingMessage['headers'],
): IncomingMessage => Object.create(request, { url: { value: url }, headers: { value: headers } })

function answerNotModified({ headers }: IncomingMessage, response: ServerResponse): void {
  const etag = response.getHeader('etag')
  if (response.statusCode !== 200 || !fresh(headers, { etag })) return
  response.statusCode = 304
  for (const name of ['content-length', 'content-type', 'content-encoding']) response.removeHeader(name)
}

/**
 * Reads the ETags of the files without a hash in their name. Modification times are useless here: image builds set them all
 * to the same time.
 */
const contentTags = (directory: string): ReadonlyMap<string, string> =>
  new Map(
    readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => {
        const hash = createHash('sha256').update(readFileSync(join(directory, name)))
        return [`/${name}`, `W/"${hash.digest('base64url').slice(0, 22)}"`]
      }),
  )
