import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib'
import { createSchema, createYoga } from 'graphql-yoga'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { useConsole } from '../../src/server/http/use-console.js'

interface Init {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string
}

const SCRIPT = 'console.debug("affinityql")'
const PAGE = '<!doctype html><title>affinityql</title>'
const asPage = { accept: 'text/html,application/xhtml+xml' }

describe('the console’s files', () => {
  let folder: string
  let fetch: (path: string, init?: Init) => Promise<Response>

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'affinityql-console-'))
    const directory = join(folder, 'web')
    mkdirSync(join(directory, 'assets'), { recursive: true })
    writeFileSync(join(folder, 'secret.js'), 'not for anybody')
    writeFileSync(join(directory, 'index.html'), PAGE)
    writeFileSync(join(directory, 'assets', 'index-1a2b3c4d.js'), SCRIPT)
    writeFileSync(join(directory, 'assets', 'index-1a2b3c4d.js.br'), brotliCompressSync(SCRIPT))
    writeFileSync(join(directory, 'assets', 'index-1a2b3c4d.js.gz'), gzipSync(SCRIPT))
    const schema = createSchema({ typeDefs: 'type Query { ok: Boolean }' })
    const yoga = createYoga({
      schema,
      logging: false,
      landingPage: false,
      plugins: [useConsole({ directory })],
    })
    fetch = async (path, init = {}) => yoga.fetch(`http://localhost${path}`, init)
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  it.each(['/', '/affinities', '/audit'])('answers %s with the page', async (path) => {
    const response = await fetch(path, { headers: asPage })
    expect(response.status).toBe(200)
    expect(await response.text()).toBe(PAGE)
    expect(response.headers.get('cache-control')).toBe('no-cache')
  })

  it('lets no script run but its own files’, and no other site frame it', async () => {
    const policy = (await fetch('/', { headers: asPage })).headers.get('content-security-policy') ?? ''
    const scripts = policy.split('; ').find((part) => part.startsWith('script-src'))
    expect(scripts).toBe("script-src 'self'")
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
  })

  it('lets hashed files be kept for a year', async () => {
    const response = await fetch('/assets/index-1a2b3c4d.js')
    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect(response.headers.get('content-type')).toContain('text/javascript')
    expect(await response.text()).toBe(SCRIPT)
  })

  it('sends the smallest form that the browser takes', async () => {
    const get = async (accepted: string) => {
      const response = await fetch('/assets/index-1a2b3c4d.js', { headers: { 'accept-encoding': accepted } })
      expect(response.headers.get('vary')).toBe('accept-encoding')
      return {
        encoding: response.headers.get('content-encoding'),
        body: Buffer.from(await response.arrayBuffer()),
      }
    }
    const [brotli, gzip, plain] = [await get('gzip, deflate, br'), await get('br;q=0, gzip'), await get('')]
    expect([brotli.encoding, gzip.encoding, plain.encoding]).toEqual(['br', 'gzip', null])
    expect(brotliDecompressSync(brotli.body).toString()).toBe(SCRIPT)
    expect(gunzipSync(gzip.body).toString()).toBe(SCRIPT)
    expect(plain.body.toString()).toBe(SCRIPT)
  })

  it('sends nothing twice to who has it', async () => {
    const etag = (await fetch('/', { headers: asPage })).headers.get('etag') ?? ''
    const again = await fetch('/', { headers: { ...asPage, 'if-none-match': etag } })
    expect([again.status, await again.text()]).toEqual([304, ''])
  })

  it('answers HEAD without a body, and refuses what would change something', async () => {
    const head = await fetch('/assets/index-1a2b3c4d.js', { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
    expect(head.headers.get('content-length')).toBe(String(SCRIPT.length))
    const post = await fetch('/', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    })
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })

  it.each([
    '/../secret.js',
    '/..%2fsecret.js',
    '/%2e%2e/secret.js',
    '/assets/..%5c..%5csecret.js',
    '/assets/%2e%2e%2f%2e%2e%2fsecret.js',
    '/assets/absent.js',
    '/assets/index-1a2b3c4d.js.br',
    '//etc/passwd.js',
  ])('knows no file %s', async (path) => {
    const response = await fetch(path, { headers: { accept: '*/*' } })
    expect(response.status).toBe(404)
    expect(await response.text()).not.toContain('not for anybody')
  })

  it.each(['/graphql', '/health/ready', '/metrics'])('leaves %s to the server', async (path) => {
    const response = await fetch(path, { headers: asPage })
    expect(await response.text()).not.toBe(PAGE)
  })

  it('serves nothing where the console was not built', async () => {
    const schema = createSchema({ typeDefs: 'type Query { ok: Boolean }' })
    const directory = join(folder, 'absent')
    const yoga = createYoga({
      schema,
      logging: false,
      landingPage: false,
      plugins: [useConsole({ directory })],
    })
    expect((await yoga.fetch('http://localhost/', { headers: asPage })).status).toBe(404)
  })
})
