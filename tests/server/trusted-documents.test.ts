import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as operations from '../../src/client/generated/operations.js'
import { createClient } from '../../src/client/index.js'
import { loadConfig } from '../../src/config/load-config.js'
import { readTrustedDocuments } from '../../src/server/limits/use-trusted-documents.js'
import { affinityql, startServer, type TestServer } from '../cli/support.js'
import { ADMIN_TOKEN } from '../support/app.js'

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

const OWN = 'query Mine { viewer { name } }'
const folder = mkdtempSync(join(tmpdir(), 'affinityql-documents-'))
const ownFile = join(folder, 'own.json')
const NAMED = 'query Named($id: ID!) { auditEvent(id: $id) { id } }'
writeFileSync(ownFile, JSON.stringify({ [sha256(OWN)]: OWN, [sha256(NAMED)]: NAMED }))

let server: TestServer
beforeAll(async () => {
  server = await startServer({ env: { TRUSTED_DOCUMENTS_ONLY: 'true', TRUSTED_DOCUMENTS_FILE: ownFile } })
})
afterAll(() => server.close())

async function post(body: object): Promise<{ status: number; body: { data?: unknown; errors?: object[] } }> {
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_TOKEN}` },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: (await response.json()) as { data?: unknown; errors?: object[] } }
}

const REFUSED = {
  status: 400,
  body: {
    errors: [
      {
        message:
          'This server runs registered documents only (TRUSTED_DOCUMENTS_ONLY), and this is none of them.',
        extensions: { code: 'BAD_USER_INPUT' },
      },
    ],
  },
}
const MINE = { status: 200, body: { data: { viewer: { name: 'tests' } } } }

describe('with TRUSTED_DOCUMENTS_ONLY=true', () => {
  it.each([
    ['a document that is not registered', { query: '{ viewer { name canClear } viewer { role } }' }],
    ['a registered one with a field more', { query: OWN.replace('name', 'name role') }],
    [
      'a registered one beside another operation',
      { query: `${OWN} query Other { viewer { role } }`, operationName: 'Other' },
    ],
    ['introspection', { query: '{ __schema { types { name } } }' }],
    ['an alias of __typename', { query: OWN.replace('name', 'name a: __typename') }],
    ['a hash that is not registered', { documentId: sha256('nothing') }],
    ['a registered hash beside another text', { query: '{ viewer { role } }', documentId: sha256(OWN) }],
    ['a text that is no GraphQL', { query: '{{{' }],
    ['a hash that is none', { extensions: { persistedQuery: { sha256Hash: { toString: 1 } } } }],
  ])('%s is refused', async (_what, body) => {
    expect(await post(body)).toEqual(REFUSED)
  })

  it.each([
    ['its text', { query: OWN }],
    ['its text, formatted in another way', { query: '# mine\nquery Mine\n{\n  viewer,{ name }\n}' }],
    [
      'its text with __typename, as Apollo Client adds it',
      { query: 'query Mine { viewer { name __typename } }' },
    ],
    ['its hash as documentId', { documentId: sha256(OWN) }],
    ['its hash as documentId with the algorithm', { documentId: `sha256:${sha256(OWN)}` }],
    [
      'its hash as a persisted query',
      { extensions: { persistedQuery: { version: 1, sha256Hash: sha256(OWN) } } },
    ],
  ])('a registered document runs by %s', async (_how, body) => {
    const answer = await post(body)
    expect(answer.body.errors).toBeUndefined()
    expect(answer).toMatchObject(MINE)
  })

  it('the registered text runs, however a client writes it', async () => {
    const { body } = await post({
      query: `#\n${'\n'.repeat(50)}query Named($id: ID!) { auditEvent(id: $id) { id } }`,
    })
    expect(body.errors).toEqual([expect.objectContaining({ locations: [{ line: 1, column: 13 }] })])
  })

  it('a client that adds __typename to a text has it in every object of the answer', async () => {
    const typed = { __typename: 'Query', viewer: { __typename: 'Viewer', name: 'tests' } }
    expect((await post({ query: 'query Mine { viewer { __typename name } }' })).body.data).toEqual(typed)
    expect((await post({ query: 'query Mine { viewer { name } __typename }' })).body.data).toEqual(typed)
    expect((await post({ query: OWN })).body.data).toEqual({ viewer: { name: 'tests' } })
  })

  it('the command line and the client work', async () => {
    const { code, stdout } = await affinityql(['affinities', 'list', '--ndjson', '--limit', '2'], { server })
    expect({ code, lines: stdout.trim().split('\n').length }).toEqual({ code: 0, lines: 2 })
    const client = createClient({ url: server.url, token: ADMIN_TOKEN })
    expect(await client.clearUserCache({ identifier: 'nobody' })).toMatchObject({ code: 'NOT_FOUND' })
    for await (const { storageType } of client.cacheStats.watch()) {
      expect(storageType).toBe('REDIS')
      break
    }
  })

  it('GraphiQL is not served', async () => {
    const page = await fetch(`${server.url}/graphql`, { headers: { accept: 'text/html' } })
    expect(await page.text()).not.toContain('graphiql')
  })
})

describe('the registry that the build makes', () => {
  const registry: Record<string, string> = JSON.parse(
    readFileSync(new URL('../../dist/trusted-documents.json', import.meta.url), 'utf8'),
  )

  it('has each document under the SHA-256 of its text', () => {
    for (const [hash, text] of Object.entries(registry)) expect(sha256(text)).toBe(hash)
  })

  it('has the operations of the client under the hash of the text that it sends', () => {
    for (const { text } of Object.values(operations)) expect(registry[sha256(text)]).toBe(text)
  })

  it('has those of the console and of the examples', () => {
    const texts = Object.values(registry).join('\n')
    for (const name of ['AffinitiesPage', 'ClearPreview', 'CacheStatsLive'])
      expect(texts).toContain(` ${name}(`)
    expect(texts).toContain('viewer {\n    name\n    canClear\n  }')
  })
})

describe('the variables', () => {
  it('say whether every document is run, and where further ones are registered', () => {
    expect(loadConfig({}).trustedDocuments).toBeUndefined()
    const files = 'a.json, b.json'
    expect(
      loadConfig({ TRUSTED_DOCUMENTS_ONLY: 'true', TRUSTED_DOCUMENTS_FILE: files }).trustedDocuments,
    ).toEqual({ files: ['a.json', 'b.json'] })
    expect(() => loadConfig({ TRUSTED_DOCUMENTS_FILE: files })).toThrow('needs TRUSTED_DOCUMENTS_ONLY=true')
  })
})

describe('a registry that cannot be read', () => {
  it.each([
    ['is not there', undefined],
    ['is not JSON', '{'],
    ['holds no documents', '{"a": 1}'],
    ['holds what is no GraphQL', '{"a": "hello"}'],
  ])('stops the start: it %s', (_why, text) => {
    const file = join(folder, `${String(text).length}.json`)
    if (text !== undefined) writeFileSync(file, text)
    expect(() => readTrustedDocuments([file])).toThrow(/The trusted documents in .* cannot be read/)
  })
})
