/** Attacks with HEAD and with headers that name another method, on each route; and offsets far beyond the end. */
import { readdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sql } from '../api/affinity-model.js'
import { FIXTURE_AFFINITIES } from '../api/clearing.js'
import { PRODUCTION } from '../support/app.js'
import { getPath, type Listening, startListening } from './http.js'

let server: Listening
beforeAll(async () => {
  server = await startListening({ env: PRODUCTION })
})
afterAll(() => server.close())

const ask = (method: string, path: string, accept = '*/*', token?: string | null) =>
  server.send({ method, path, headers: { accept }, ...(token !== undefined && { token }) })

const assets = readdirSync(new URL('../../dist/web/assets/', import.meta.url))
const script = `/assets/${assets.find((name) => name.endsWith('.js'))}`

describe('HEAD', () => {
  it.each([
    ['/', 'text/html'],
    ['/affinities', 'text/html'],
    [script, '*/*'],
    ['/health', '*/*'],
    ['/health/live', '*/*'],
    ['/health/ready', '*/*'],
    ['/assets/none.js', '*/*'],
    ['/nowhere', '*/*'],
  ])('of %s for %s is what GET is, without its body', async (path, accept) => {
    const [head, get] = [await ask('HEAD', path, accept, null), await ask('GET', path, accept, null)]
    expect([head.status, head.text]).toEqual([get.status, ''])
    for (const name of [
      'content-type',
      'cache-control',
      'content-security-policy',
      'etag',
      'x-frame-options',
    ])
      expect(head.headers.get(name), name).toBe(get.headers.get(name))
  })

  it.each([
    ['/metrics', 'GET'],
    ['/graphql', 'GET, POST'],
    [getPath('{ viewer { name } }'), 'GET, POST'],
    [getPath('mutation { clearAllCache(confirm: true) { __typename } }'), 'GET, POST'],
    [getPath('subscription { affinityEvents { type } }'), 'GET, POST'],
  ])('of %s is refused, whoever asks: what would answer is not even begun', async (path, allowed) => {
    for (const token of [undefined, null]) {
      const statements = await server.service.statementsOf(async () => {
        for (const accept of ['*/*', 'application/json', 'text/event-stream']) {
          const { status, text, headers } = await ask('HEAD', path, accept, token)
          expect([status, text, headers.get('allow')]).toEqual([405, '', allowed])
        }
      })
      expect(statements).toEqual([])
    }
    expect(await sql(server.service.databaseUrl, 'SELECT 1 FROM audit_logs')).toEqual([])
  })
})

describe('a header that names another method', () => {
  it.each(['X-HTTP-Method', 'X-HTTP-Method-Override', 'X-Method-Override'])(
    '%s does not turn a GET into a POST',
    async (name) => {
      const path = getPath('mutation { clearAllCache(confirm: true) { __typename } }')
      const reply = await server.send({ method: 'GET', path, headers: { accept: '*/*', [name]: 'POST' } })
      expect(reply.status).toBe(405)
      expect(await sql(server.service.databaseUrl, 'SELECT 1 FROM audit_logs')).toEqual([])
    },
  )
})

describe('an offset far beyond the end', () => {
  const page = (args: string) =>
    server.post(
      `{ affinities(first: 1000, ${args}) { totalCount nodes { id } pageInfo { hasNextPage endCursor } } }`,
    )

  it.each(['507', '1000000', '2147483647'])('of %s is an empty page with the true count', async (offset) => {
    for (const more of ['', 'filter: { stale: false }', 'search: "a"', 'orderBy: { field: REQUEST_COUNT }']) {
      const { status, text } = await page(`offset: ${offset}, ${more}`)
      expect(status).toBe(200)
      const { nodes, totalCount, pageInfo } = JSON.parse(text).data.affinities
      expect([nodes, pageInfo]).toEqual([[], { hasNextPage: false, endCursor: null }])
      expect(totalCount).toBeGreaterThan(0)
      if (!more.match(/filter|search/)) expect(totalCount).toBe(FIXTURE_AFFINITIES)
    }
  })

  it.each(['2147483648', '1e9', '99999999999999999999', '-1', '-2147483648', '1.5', '"1"'])(
    'of %s, which is not a valid offset, is refused',
    async (offset) => {
      const { status, text } = await page(`offset: ${offset}`)
      expect(status).toBeLessThan(500)
      expect(text).toMatch(/GRAPHQL_VALIDATION_FAILED|BAD_USER_INPUT/)
      expect(text).not.toContain('totalCount')
    },
  )
})

it('none of these requests is logged as an error of the service', () => {
  expect(server.service.logs.filter(({ level }) => Number(level) >= 50)).toEqual([])
})
