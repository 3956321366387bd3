import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import * as operations from '../../src/client/generated/operations.js'
import { AffinityqlError, createClient } from '../../src/client/index.js'
import { schema } from '../../src/schema/index.js'
import { startServer, type TestServer } from '../cli/support.js'
import { ADMIN_TOKEN, VIEWER_TOKEN } from '../support/app.js'
import { FIXTURE_ADMIN } from '../support/fixtures.js'
import { startFlakyProxy } from './flaky-proxy.js'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.close())

const client = (options: Partial<Parameters<typeof createClient>[0]> = {}) =>
  createClient({ url: server.url, token: ADMIN_TOKEN, ...options })

const failureOf = async (work: Promise<unknown>): Promise<AffinityqlError> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof AffinityqlError)) throw new Error(`Not an AffinityqlError: ${String(error)}`)
  return error
}

describe('the typed client', () => {
  it('has an operation for every query, mutation and subscription of the schema', () => {
    const texts = Object.values(operations).map(({ text }) => text)
    for (const type of [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]) {
      for (const field of Object.keys(type?.getFields() ?? {})) {
        expect(
          texts.some((text) => new RegExp(`^ {2}${field}\\b`, 'm').test(text)),
          field,
        ).toBe(true)
      }
    }
  })

  it('answers every query', async () => {
    const api = client()
    expect(await api.viewer()).toEqual({ name: 'tests', role: 'ADMIN', canClear: true, user: null })
    const { nodes } = await api.affinities({ first: 1 })
    expect(await api.affinity({ id: nodes[0]?.id ?? '' })).toMatchObject({ id: nodes[0]?.id })
    expect((await api.affinityCounts({ by: 'PROVIDER' })).total).toBeGreaterThan(0)
    expect((await api.providers()).nodes.length).toBeGreaterThan(1)
    expect((await api.providerKeys({ first: 1 })).nodes).toMatchObject([{ isActive: expect.any(Boolean) }])
    expect((await api.globalModels({ search: 'nothing has this' })).totalCount).toBe(0)
    expect((await api.users({ search: 'alice' })).nodes).toMatchObject([{ username: 'alice' }])
    const since = new Date().toISOString()
    expect((await api.affinityHistory({ since })).buckets).toHaveLength(1)
    expect((await api.cacheStats()).observed.since).toMatch(/^\d{4}-/)
    expect((await api.cacheConfig()).parameters.length).toBeGreaterThan(3)
    expect((await api.modelMappingStats()).totalKeys).toBeGreaterThan(0)
    expect((await api.modelMappings({ first: 2 })).nodes).toHaveLength(2)
    expect((await api.providerModelMappings()).totalCount).toBeGreaterThan(0)
    expect((await api.unmappedEntries()).totalCount).toBeGreaterThan(0)
    expect((await api.auditEvents({ action: 'none' })).nodes).toEqual([])
    expect(await api.request('{ viewer { name } }')).toEqual({ viewer: { name: 'tests' } })
  })

  it('reads a list to its end, a page at a time', async () => {
    const sizes: number[] = []
    for await (const page of client().affinities.pages({ first: 200 })) sizes.push(page.nodes.length)
    expect(sizes).toEqual([200, 200, 106])
    const keys = new Set<string>()
    for await (const { affinityKey, apiFormat, modelId } of client().affinityRecords.all({ first: 100 })) {
      keys.add(JSON.stringify([affinityKey, apiFormat, modelId]))
    }
    expect(keys.size).toBe(506)
  })

  it('has sent for the next page before its caller begins with one', async () => {
    let sent = 0
    const api = client({
      // As a socket does it: nothing leaves before the event loop turns.
      fetch: async (input, init) => {
        await new Promise((resolve) => setImmediate(resolve))
        sent += 1
        return fetch(input, init)
      },
    })
    const sentByPage: number[] = []
    for await (const _ of api.affinityRecords.pages({ first: 200 })) sentByPage.push(sent)
    expect(sentByPage).toEqual([2, 3, 3])
  })

  it('names in the short list what it names in the long one', async () => {
    const { nodes } = await client().affinities({ first: 200 })
    const { nodes: short } = await client().affinityNames({ first: 200 })
    const named = nodes.map(({ user, apiKey, provider, providerKey, staleReasons, modelName }) => ({
      user: user && { id: user.id, username: user.username },
      apiKey: apiKey && { name: apiKey.name },
      provider: provider && { name: provider.name, displayName: provider.displayName },
      providerKey: providerKey && { name: providerKey.name },
      staleReasons,
      modelName,
    }))
    expect(short).toHaveLength(200)
    expect(short).toEqual(named.map((one) => expect.objectContaining(one)))
  })

  it('asks for no more pages once its reader has stopped', async () => {
    const proxy = await startFlakyProxy(server.url)
    for await (const _ of client({ url: proxy.url }).affinities.pages({ first: 50 })) break
    // The second may have been on its way while the first was read, and the question where it ends.
    expect(proxy.requests).toBeLessThanOrEqual(3)
  })

  it('gives what can be expected to go wrong as data, by __typename', async () => {
    const result = await client().userAffinities({ identifier: 'nobody' })
    expect(result).toMatchObject({ __typename: 'NotFoundError', code: 'NOT_FOUND' })
    const confirm = await client().clearAllCache()
    expect(confirm).toMatchObject({ __typename: 'ConfirmationRequiredError', code: 'CONFIRMATION_REQUIRED' })
    const dry = await client().clearUserCache({ identifier: '张伟', dryRun: true })
    // The compiler knows each member's fields.
    if (dry.__typename !== 'ClearUserCachePayload') throw new Error(dry.code)
    expect(dry.user?.username).toBe('张伟')
  })

  it('signs in and out', async () => {
    const { email, password } = FIXTURE_ADMIN
    const result = await client({ token: undefined }).login({ email, password })
    if (result.__typename !== 'Session') throw new Error(result.message)
    const session = client({ token: () => result.token })
    expect(await session.viewer()).toMatchObject({ canClear: true })
    expect(await session.logout()).toBe(true)
    expect(await failureOf(session.viewer())).toMatchObject({ code: 'UNAUTHENTICATED' })
    expect(() => client({ deviceId: 'a\nb' })).toThrow(TypeError)
  })

  it('rejects with the server’s code', async () => {
    expect(await failureOf(client({ token: 'wrong' }).viewer())).toMatchObject({
      code: 'UNAUTHENTICATED',
      status: 401,
      requestId: expect.any(String),
    })
    const viewer = client({ token: VIEWER_TOKEN })
    expect((await failureOf(viewer.clearAllCache({ confirm: true }))).code).toBe('FORBIDDEN')
    expect((await failureOf(client().affinities({ first: 0 }))).code).toBe('BAD_USER_INPUT')
    expect((await failureOf(client().request('{ nothing }'))).code).toBe('GRAPHQL_VALIDATION_FAILED')
  })

  it('refuses at once what cannot be sent, and never repeats it', async () => {
    for (const url of ['no url', 'localhost:4000', 'ftp://127.0.0.1', 'http://me:secret@127.0.0.1']) {
      expect(() => client({ url }), url).toThrow(TypeError)
    }
    expect(() => client({ token: 'aql_…' })).toThrow(TypeError)
    let asked = 0
    const renewed = client({
      token: () => {
        asked += 1
        return 'two\nlines'
      },
    })
    await expect(renewed.viewer()).rejects.toThrow(TypeError)
    await expect(renewed.affinityEvents().next()).rejects.toThrow(TypeError)
    expect(asked).toBe(2)
  })

  it('takes a document that begins with a line of # for what it is', async () => {
    const line = '#'.repeat(80)
    expect(await client().request(`${line}\n{ viewer { name } }`)).toEqual({ viewer: { name: 'tests' } })
    const clear = `${line}\nmutation { clearAllCache(dryRun: true) { __typename } }`
    expect(await client().request(clear)).toMatchObject({ clearAllCache: {} })
  })
})

describe('retries', () => {
  it('tries a query again after a broken connection or a gateway’s 503', async () => {
    const proxy = await startFlakyProxy(server.url)
    proxy.answer('hang up', { status: 503 })
    expect(await client({ url: proxy.url }).viewer()).toMatchObject({ name: 'tests' })
    expect(proxy.requests).toBe(3)
  })

  it('waits as long as the server asks', async () => {
    const proxy = await startFlakyProxy(server.url)
    proxy.answer({ status: 429, headers: { 'retry-after': '1' } })
    const startedAt = performance.now()
    await client({ url: proxy.url }).viewer()
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(990)
  })

  it('gives up where the server asks for too long, and says how long', async () => {
    const proxy = await startFlakyProxy(server.url)
    proxy.answer({ status: 503, headers: { 'retry-after': '3600' } })
    const error = await failureOf(client({ url: proxy.url }).viewer())
    expect(error).toMatchObject({ code: 'NETWORK_ERROR', status: 503, retryAfterSeconds: 3_600 })
    expect(proxy.requests).toBe(1)
  })

  it('never sends a mutation twice, whatever came of the first', async () => {
    const proxy = await startFlakyProxy(server.url)
    const api = client({ url: proxy.url })
    proxy.answer('hang up')
    expect((await failureOf(api.clearUserCache({ identifier: 'alice' }))).code).toBe('NETWORK_ERROR')
    proxy.answer({ status: 503, headers: { 'retry-after': '0' } })
    expect((await failureOf(api.clearAllCache({ confirm: true }))).code).toBe('NETWORK_ERROR')
    proxy.answer('hang up')
    await failureOf(api.request('# query\nmutation { clearAllCache(confirm: true) { __typename } }'))
    expect(proxy.requests).toBe(3)
  })

  it('does not try again what will not change', async () => {
    const proxy = await startFlakyProxy(server.url)
    await failureOf(client({ url: proxy.url, token: 'wrong' }).viewer())
    proxy.answer({ status: 404 })
    await failureOf(client({ url: proxy.url }).viewer())
    expect(proxy.requests).toBe(2)
  })

  it('gives up on an answer that is cut short, although garbage is collected meanwhile', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const half = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).write('{')
      // The client has read the beginning by then.
      for (const ms of [200, 300, 400]) setTimeout(collect, ms)
    })
    await new Promise<void>((resolve) => half.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      half.closeAllConnections()
      half.close()
    })
    const url = `http://127.0.0.1:${(half.address() as AddressInfo).port}`
    const cleared = client({ url, timeoutMs: 1_000 }).clearUserCache({ identifier: 'alice' })
    expect((await failureOf(cleared)).code).toBe('TIMEOUT')
  })

  it('gives up on an answer that does not come, and on a signal', async () => {
    const proxy = await startFlakyProxy(server.url)
    proxy.answer('never', 'never')
    const late = client({ url: proxy.url, timeoutMs: 100 })
    expect((await failureOf(late.clearUserCache({ identifier: 'alice' }))).code).toBe('TIMEOUT')
    const stop = new AbortController()
    const aborted = failureOf(client({ url: proxy.url }).viewer({ signal: stop.signal }))
    stop.abort()
    expect((await aborted).code).toBe('ABORTED')
  })
})

describe('an answer in part', () => {
  it('rejects with the rest as its data, or is given with a warning', async () => {
    // Such as the server sends while the database is away.
    const answer = {
      data: { affinities: { totalCount: 1, nodes: [{ affinityKey: 'a', user: null }] } },
      errors: [
        {
          message: 'The database cannot be reached.',
          path: ['affinities'],
          extensions: { code: 'DATABASE_UNAVAILABLE' },
        },
      ],
    }
    const fetchPart = async () => Response.json(answer)
    const error = await failureOf(client({ fetch: fetchPart }).affinities())
    expect(error).toMatchObject({ code: 'DATABASE_UNAVAILABLE', data: answer.data })
    const warnings: AffinityqlError[] = []
    const tolerant = client({ fetch: fetchPart, onPartial: (warning) => warnings.push(warning) })
    expect(await tolerant.affinities()).toEqual(answer.data.affinities)
    expect(warnings).toMatchObject([{ code: 'DATABASE_UNAVAILABLE' }])
  })
})
