import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { createHttpHandler } from '../../src/server/http/http-handler.js'
import { requestRaw } from '../support/http-get.js'

const SCRIPT = 'console.debug("affinityql")'
const PAGE = '<!doctype html><title>affinityql</title>'
const NOT_OURS = 'not the console’s'
const ASSET = '/assets/index-1a2b3c4d.js'
/** A file without a compressed form, and more than a socket takes at once. */
const LARGE = '/assets/large-9f8e7d6c.js'
const asPage = { accept: 'text/html,application/xhtml+xml' }

/** The console of a folder, with a server behind it that answers everything else with 404. */
async function serve(consoleDirectory: string, trustProxy?: (address: string, hops: number) => boolean) {
  const behind = createHttpHandler((_request, response) => response.writeHead(404).end(NOT_OURS), {
    consoleDirectory,
    trustProxy,
  })
  const server = createServer(behind).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  return {
    port,
    get: (path: string, options: Parameters<typeof requestRaw>[2] = {}) => requestRaw(url, path, options),
    close: () => server.close(),
  }
}

describe('the console’s files', () => {
  let folder: string
  let directory: string
  let server: Awaited<ReturnType<typeof serve>>
  const get: (typeof server)['get'] = (path, options) => server.get(path, options)

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'affinityql-console-'))
    directory = join(folder, 'web')
    mkdirSync(join(directory, 'assets'), { recursive: true })
    writeFileSync(join(folder, 'secret.js'), 'not for anybody')
    writeFileSync(join(directory, 'index.html'), PAGE)
    writeFileSync(join(directory, ASSET), SCRIPT)
    writeFileSync(join(directory, `${ASSET}.br`), brotliCompressSync(SCRIPT))
    writeFileSync(join(directory, `${ASSET}.gz`), gzipSync(SCRIPT))
    writeFileSync(join(directory, LARGE), randomBytes(16_000_000))
    server = await serve(directory)
  })
  afterAll(() => {
    server.close()
    rmSync(folder, { recursive: true })
  })

  it.each(['/', '/affinities', '/audit', '/affinities?search=a.b'])(
    'answers %s with the page',
    async (path) => {
      const { status, body, headers } = await get(path, { headers: asPage })
      expect([status, body.toString()]).toEqual([200, PAGE])
      expect(headers['cache-control']).toBe('no-cache')
      expect(headers['content-type']).toMatch(/^text\/html;\s?charset=utf-8$/)
    },
  )

  it('lets no script run but its own files’, and no other site frame it', async () => {
    const policy = String((await get('/', { headers: asPage })).headers['content-security-policy'])
    const scripts = policy.split('; ').find((part) => part.startsWith('script-src'))
    expect(scripts).toBe("script-src 'self'")
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
  })

  it.each([
    ['the page', '/', {}, 200],
    ['a file', ASSET, {}, 200],
    ['a page that the browser has', '/', { 'if-none-match': '*' }, 304],
  ])('%s is guessed by no browser, framed by no page, and carries an id', async (_, path, more, status) => {
    const answer = await get(path, { headers: { ...asPage, ...more } })
    expect(answer.status).toBe(status)
    expect(answer.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
      'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
    })
    expect(answer.headers).not.toHaveProperty('strict-transport-security')
  })

  it('asks for TLS alone from then on whoever has come over it', async () => {
    const behindProxy = await serve(directory, () => true)
    onTestFinished(() => {
      behindProxy.close()
    })
    const { headers } = await behindProxy.get('/', { headers: { ...asPage, 'x-forwarded-proto': 'https' } })
    expect(headers['strict-transport-security']).toMatch(/^max-age=\d{8}/)
  })

  it('lets hashed files be kept for a year', async () => {
    const { headers, body } = await get(ASSET)
    expect(headers['cache-control']).toBe('public, max-age=31536000, immutable')
    expect(headers['content-type']).toContain('text/javascript')
    expect(body.toString()).toBe(SCRIPT)
  })

  it.each([
    ['gzip, deflate, br', 'br'],
    ['br;q=0, gzip', 'gzip'],
    ['br;q=0.5, gzip;q=0.9', 'gzip'],
    ['*', 'br'],
    ['identity, br;q=0.1', undefined],
    ['br;q=0, gzip;q=0.0', undefined],
    ['', undefined],
    ['zstd', undefined],
  ])('takes %j for a wish for %s', async (accepted, encoding) => {
    const { headers, body } = await get(ASSET, { headers: { 'accept-encoding': accepted } })
    expect(String(headers['vary']).toLowerCase()).toBe('accept-encoding')
    expect(headers['content-encoding']).toBe(encoding)
    const plain = encoding === 'br' ? brotliDecompressSync(body) : encoding ? gunzipSync(body) : body
    expect(plain.toString()).toBe(SCRIPT)
    expect(headers['content-length']).toBe(String(body.length))
  })

  it.each(['/', ASSET])('sends %s once to who has it', async (path) => {
    const first = await get(path, { headers: asPage })
    const etag = String(first.headers.etag)
    const strong = etag.replace(/^W\//, '')
    for (const has of [etag, strong, `W/${strong}`, `"older", ${etag}`, `"a","b" ,  ${strong}`, '*']) {
      const again = await get(path, { headers: { ...asPage, 'if-none-match': has } })
      expect([again.status, again.body.toString()], has).toEqual([304, ''])
      for (const name of ['etag', 'cache-control', 'vary', 'content-security-policy']) {
        expect(again.headers[name], name).toBe(first.headers[name])
      }
      expect(again.headers).not.toHaveProperty('content-length')
    }
    for (const has of ['"older"', 'W/"older", "other"', strong.replaceAll('"', '')]) {
      expect((await get(path, { headers: { ...asPage, 'if-none-match': has } })).status, has).toBe(200)
    }
  })

  it('gives a page that has changed another ETag, also where its size and its time are the same', async () => {
    const other = mkdtempSync(join(folder, 'other-'))
    writeFileSync(join(other, 'index.html'), PAGE.replace('affinityql', 'AFFINITYQL'))
    const newer = await serve(other)
    onTestFinished(() => {
      newer.close()
    })
    const { headers } = await get('/', { headers: asPage })
    const answer = await newer.get('/', {
      headers: { ...asPage, 'if-none-match': headers.etag, 'if-modified-since': headers['last-modified'] },
    })
    expect(answer.status).toBe(200)
  })

  it('answers HEAD without a body, and refuses what would change something', async () => {
    const head = await get(ASSET, { method: 'HEAD' })
    expect([head.status, head.body.length]).toEqual([200, 0])
    expect(head.headers['content-length']).toBe(String(SCRIPT.length))
    const post = await get('/', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    })
    expect([post.status, post.headers.allow]).toEqual([405, 'GET, HEAD'])
  })

  it.each(['bytes=-5', 'bytes=0-0', 'bytes=5-', 'bytes=9999999-', 'items=0-5', 'bytes=0-1,3-4'])(
    'answers the range %s with the whole file',
    async (range) => {
      const { status, body } = await get(ASSET, { headers: { range } })
      expect([status, body.toString()]).toEqual([200, SCRIPT])
    },
  )

  it.each([
    '/../secret.js',
    '/..%2fsecret.js',
    '/%2e%2e/secret.js',
    '/assets/..%5c..%5csecret.js',
    '/assets/%2e%2e%2f%2e%2e%2fsecret.js',
    '/assets/..;/..;/secret.js',
    '/assets/absent.js',
    `${ASSET}.br`,
    `${ASSET}/`,
    `${ASSET}%00.js`,
    '/%.js',
    '/assets//etc/passwd.js',
    'http://elsewhere.example/x.js',
  ])('knows no file %s', async (path) => {
    const { status, body } = await get(path, { headers: { accept: '*/*' } })
    expect([status, body.toString()]).toEqual([404, NOT_OURS])
  })

  it.each(['/affinities', '/index'])('has no page %s for who does not ask for a page', async (path) => {
    expect((await get(path, { headers: { accept: '*/*' } })).status).toBe(404)
    expect((await get(path, { headers: { accept: 'text/html;q=0, */*' } })).status).toBe(404)
  })

  it.each(['/graphql', '/health/ready', '/metrics'])('leaves %s to the server', async (path) => {
    expect((await get(path, { headers: asPage })).body.toString()).toBe(NOT_OURS)
  })

  it('serves nothing where the console was not built', async () => {
    const empty = await serve(join(folder, 'absent'))
    onTestFinished(() => {
      empty.close()
    })
    expect((await empty.get('/', { headers: asPage })).status).toBe(404)
  })

  it('goes on where a file has gone since the start', async () => {
    const gone = join(directory, 'assets', 'gone-11111111.js')
    writeFileSync(gone, SCRIPT)
    const old = await serve(directory)
    onTestFinished(() => {
      old.close()
    })
    rmSync(gone)
    await expect(old.get('/assets/gone-11111111.js')).rejects.toThrow()
    expect((await old.get(ASSET)).status).toBe(200)
  })

  it('keeps no file open whose client has gone', async () => {
    const open = () =>
      readdirSync('/proc/self/fd').filter((fd) => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`).endsWith(LARGE)
        } catch {
          // The descriptor of the listing itself is closed by now.
          return false
        }
      }).length
    const clients = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const socket = connect(server.port, '127.0.0.1')
        socket.write(`GET ${LARGE} HTTP/1.1\r\nhost: a\r\n\r\n`)
        await new Promise((resolve) => socket.once('readable', resolve))
        return socket
      }),
    )
    expect(open()).toBe(20)
    for (const socket of clients) socket.destroy()
    await expect.poll(open).toBe(0)
  })
})
