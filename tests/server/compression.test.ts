import { request, ServerResponse } from 'node:http'
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startServer, type TestServer } from '../cli/support.js'
import { ADMIN_TOKEN } from '../support/app.js'
import { requestRaw } from '../support/http-get.js'

let server: TestServer
beforeAll(async () => {
  server = await startServer({ env: { METRICS_PUBLIC: 'true' } })
})
afterAll(() => server.close())

const LONG =
  '{ affinities(first: 100) { nodes { affinityKey apiFormat modelId providerId endpointId requestCount createdAt staleReasons } } }'
const ask = (
  query: string,
  headers: Readonly<Record<string, string>> = {},
  token: string | null = ADMIN_TOKEN,
) =>
  requestRaw(server.url, '/graphql', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: JSON.stringify({ query }),
  })

const UNPACK: Readonly<Record<string, (body: Buffer) => Buffer>> = {
  br: brotliDecompressSync,
  gzip: gunzipSync,
  deflate: inflateSync,
}

describe('an answer', () => {
  it.each([
    ['gzip, deflate, br', 'br'],
    ['gzip', 'gzip'],
    ['br;q=0, gzip;q=0.5', 'gzip'],
    ['br;q=0.2, gzip;q=0.8', 'gzip'],
    ['*', 'br'],
    ['identity;q=1, br;q=0.5', undefined],
    ['gzip;q=0', undefined],
    ['zstd', undefined],
    ['', undefined],
  ])('of JSON above 1 kB, where %j is accepted, comes as %s', async (accepted, encoding) => {
    const plain = await ask(LONG)
    expect(plain.body.length).toBeGreaterThan(2_000)
    expect(plain.headers).not.toHaveProperty('content-encoding')
    const { headers, body, status } = await ask(LONG, { 'accept-encoding': accepted })
    expect([status, headers['content-encoding']]).toEqual([200, encoding])
    expect(headers.vary?.toLowerCase()).toContain('accept-encoding')
    expect(headers['cache-control']).toBe('no-store')
    const unpacked = encoding ? UNPACK[encoding]?.(body) : body
    const data = (text: Buffer | undefined) => JSON.parse(String(text)).data
    expect(data(unpacked)).toEqual(data(plain.body))
    if (encoding) expect(body.length).toBeLessThan(plain.body.length / 3)
  })

  it('of the graphql-response type is compressed as well, and so are metrics', async () => {
    const accept = { accept: 'application/graphql-response+json', 'accept-encoding': 'br' }
    expect((await ask(LONG, accept)).headers['content-encoding']).toBe('br')
    const metrics = await requestRaw(server.url, '/metrics', { headers: { 'accept-encoding': 'gzip' } })
    expect(metrics.headers['content-encoding']).toBe('gzip')
    expect(gunzipSync(metrics.body).toString()).toContain('affinityql_graphql_operations_total')
  })

  it.each([
    ['that is short', '{ viewer { name } }', ADMIN_TOKEN],
    ['that refuses', '{ viewer { name } }', null],
  ])('%s comes as it is', async (_, query, token) => {
    const { headers, body } = await ask(query, { 'accept-encoding': 'gzip, br' }, token)
    expect(headers).not.toHaveProperty('content-encoding')
    expect(headers.vary?.toLowerCase()).toContain('accept-encoding')
    expect(headers['content-length']).toBe(String(body.length))
    expect(() => JSON.parse(body.toString())).not.toThrow()
  })

  it('that is long is encoded once, before it is handed to Node.js', async () => {
    const writes = vi.spyOn(ServerResponse.prototype, 'write')
    const { headers, body } = await ask(
      '{ affinities(first: 506) { nodes { id affinityKey modelId providerId endpointId user { username } } } }',
    )
    const written: unknown[] = writes.mock.calls.map(([chunk]) => chunk)
    writes.mockRestore()
    expect(body.length).toBeGreaterThan(16_384)
    expect(body.toString()).toContain('张伟')
    expect(headers['content-length']).toBe(String(body.length))
    expect(written).toEqual([expect.any(Uint8Array)])
  })

  it('that is a long list is written without any long text', async () => {
    const texts = vi.spyOn(JSON, 'stringify')
    const { body } = await ask(
      '{ affinities(first: 506) { nodes { id affinityKey modelId providerId endpointId user { username } } } }',
    )
    const lengths = texts.mock.results.map(({ value }) => String(value).length)
    texts.mockRestore()
    expect(body.length).toBeGreaterThan(150_000)
    // The longest is the request's own, or an element.
    expect(Math.max(...lengths)).toBeLessThan(1_000)
    expect(JSON.parse(body.toString()).data.affinities.nodes).toHaveLength(506)
  })

  it.each(['text/event-stream', 'multipart/mixed'])(
    'that is a long list comes as %s as well',
    async (accept) => {
      const { body } = await ask('{ affinities(first: 20) { nodes { id user { username } } } }', { accept })
      const [, json = ''] = /(\{"data":.*\})/.exec(body.toString()) ?? []
      expect(JSON.parse(json).data.affinities.nodes).toHaveLength(20)
    },
  )
})

describe('a stream of events', () => {
  it('is never compressed, and gives its first event while it is open', async () => {
    const first = await new Promise<{ headers: object; text: string }>((resolve, reject) => {
      const asked = request(
        `${server.url}/graphql`,
        {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            accept: 'text/event-stream',
            'accept-encoding': 'gzip, br',
            authorization: `Bearer ${ADMIN_TOKEN}`,
          },
        },
        (response) => {
          let text = ''
          response.on('error', reject)
          response.on('data', (chunk) => {
            text += chunk
            if (!text.includes('event: next')) return
            resolve({ headers: response.headers, text })
            response.removeListener('error', reject).on('error', () => asked.destroy())
            asked.destroy()
          })
        },
      )
      asked.end(JSON.stringify({ query: 'subscription { cacheStats { totalAffinities } }' }))
    })
    expect(first.headers).toMatchObject({
      'content-type': expect.stringContaining('text/event-stream'),
      'content-encoding': 'none',
    })
    expect(first.text).toContain('totalAffinities')
  })
})
