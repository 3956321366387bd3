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
  /** Folder of the built console, with its index.html. Where it is absent no page is served. */
  readonly directory: string
  /** Whether the client has come over TLS, as far as that can be believed. */
  readonly overTls: (request: IncomingMessage) => boolean
}

/** The service's own paths. Everything else that a browser asks for as a page is the console's to route. */
const RESERVED = /^\/(graphql|health|metrics)(\/|$)/
/** The page of every address of the console. */
const PAGE = '/index.html'
/** Files that carry a hash of their content in their name. */
const HASHED = '/assets/'

/** The smallest form first, where the client likes them alike. */
const ENCODINGS = ['br', 'gzip', 'identity']

/** Mantine writes its theme into style elements; scripts come from our own files and from nowhere else. */
const SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/**
 * Serves the console's files by sirv, which lists them once, at the start: no request ever becomes a path of the file
 * system. It is asked for one file in one encoding, since it does not read weights in `Accept-Encoding` nor lists in
 * `If-None-Match`, and takes `bytes=-500` for the first 500. A range may be answered with the whole file.
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
      // sirv listens to neither: a file that is gone would end the process, and one whose client is gone stay open.
      file.once('error', () => response.destroy())
      response.once('close', () => file.destroy())
    })
    const encoding = new Negotiator(request).encoding(ENCODINGS, { preferred: ENCODINGS }) ?? 'identity'
    serveFile(withUrl(request, path, { 'accept-encoding': encoding }), response, next)
  }
}

/** The file that a request means, where the console could have it. */
function fileAsked({ url = '', headers }: IncomingMessage): string | undefined {
  if (!URL.canParse(url, 'http://console')) return undefined
  const { pathname } = new URL(url, 'http://console')
  if (RESERVED.test(pathname)) return undefined
  if (pathname === '/') return PAGE
  if (extname(pathname) === '') return wantsPage(headers.accept) ? PAGE : undefined
  return /\.(br|gz)$|\/$/.test(pathname) ? undefined : pathname
}

/** Only a browser that opens a page names this type. */
const wantsPage = (accept = ''): boolean =>
  /(^|,)\s*text\/html\s*(;(?!\s*q=0(\.0*)?\s*(,|$))|,|$)/i.test(accept)

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

/** ETags of the files without a hash in their name. A time of change would not do: images are built with the same for all. */
const contentTags = (directory: string): ReadonlyMap<string, string> =>
  new Map(
    readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => {
        const hash = createHash('sha256').update(readFileSync(join(directory, name)))
        return [`/${name}`, `W/"${hash.digest('base64url').slice(0, 22)}"`]
      }),
  )
