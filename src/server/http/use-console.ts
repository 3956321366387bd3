import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname, join, sep } from 'node:path'
import type { Plugin } from 'graphql-yoga'

export interface ConsoleOptions {
  /** The folder of the built console, with its index.html. No page is served if it is absent. */
  readonly directory: string
}

type Named<T> = Readonly<Record<string, T>>
type Bytes = Uint8Array<ArrayBuffer>
type ConsoleFile = { readonly headers: Named<string>; readonly bodies: Named<Bytes> }

/** The server's own. Everything else that a browser asks for as a page is the console's to route. */
const RESERVED = /^\/(graphql|health|metrics)(\/|$)/
const TEXT_TYPES = new Map(Object.entries({ '.html': 'html', '.js': 'javascript', '.css': 'css' }))
const typeOf = (name: string) => (extname(name) === '.svg' ? 'image/svg+xml' : TEXT_TYPES.get(extname(name)))

/** Mantine writes its theme into style elements; scripts come from our own files and from nowhere else. */
const SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/**
 * Serves the console. Its files are read once, at start, and are found by their exact path: no request ever becomes a
 * path of the file system.
 */
export function useConsole({ directory }: ConsoleOptions): Plugin {
  const files = existsSync(join(directory, 'index.html')) ? readFiles(directory) : undefined
  const index = files?.get('/index.html')
  return {
    onRequest({ request, url: { pathname }, fetchAPI, endResponse }) {
      if (!files || RESERVED.test(pathname)) return
      const page = pathname === '/' || (extname(pathname) === '' && wants(request, 'accept', 'text/html'))
      const file = page ? index : files.get(pathname)
      if (!file) return
      const shown = request.method !== 'HEAD'
      const answer = (status: number, headers: Named<string>, body: Bytes | null = null) =>
        endResponse(new fetchAPI.Response(shown ? body : null, { status, headers }))
      if (shown && request.method !== 'GET') return answer(405, { allow: 'GET, HEAD' })
      if (request.headers.get('if-none-match') === file.headers['etag']) return answer(304, file.headers)
      const encoding = ['br', 'gzip'].find(
        (name) => file.bodies[name] && wants(request, 'accept-encoding', name),
      )
      const body = file.bodies[encoding ?? 'identity']
      const headers = { ...file.headers, 'content-length': String(body?.byteLength ?? 0) }
      answer(200, encoding === undefined ? headers : { ...headers, 'content-encoding': encoding }, body)
    },
  }
}

function wants({ headers }: Request, header: 'accept' | 'accept-encoding', name: string): boolean {
  const choices = (headers.get(header) ?? '').toLowerCase().replace(/\s/g, '').split(',')
  return choices.some((choice) => choice.split(';')[0] === name && !/;q=0(\.0*)?$/.test(choice))
}

function readFiles(directory: string): ReadonlyMap<string, ConsoleFile> {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter(typeOf)
  return new Map(names.map((name) => [`/${name.split(sep).join('/')}`, readFile(directory, name)]))
}

function readFile(directory: string, name: string): ConsoleFile {
  const path = join(directory, name)
  const identity = readFileSync(path)
  const packed = (end: string) => (existsSync(path + end) ? readFileSync(path + end) : undefined)
  const [br, gzip] = [packed('.br'), packed('.gz')]
  const type = typeOf(name) ?? ''
  const headers = {
    'content-type': type.includes('/') ? type : `text/${type}; charset=utf-8`,
    'cache-control': name.startsWith(`assets${sep}`) ? 'public, max-age=31536000, immutable' : 'no-cache',
    'content-security-policy': SECURITY_POLICY,
    etag: `"${createHash('sha256').update(identity).digest('base64url').slice(0, 22)}"`,
    vary: 'accept-encoding',
  }
  return { headers, bodies: { identity, ...(br && { br }), ...(gzip && { gzip }) } }
}
