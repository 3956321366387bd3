import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createStandIn } from '../../src/demo/stand-in/stand-in.js'
import { listenStandIn, type StandInServer } from '../../src/demo/stand-in/stand-in-server.js'
import { memoryStandInStore } from '../../src/demo/stand-in/stand-in-store.js'
import { MemoryKeyspace } from '../../src/redis/memory-keyspace.js'
import { apiKey, EVERY_RIGHT, TOKEN, target } from '../gateway/nodes/nodes-support.js'
import { startTestApp, type TestApp } from '../support/app.js'

const HASH = 'ab'.repeat(32)
const MODELS = [
  'a?client_family=x',
  '..',
  '.',
  '%2e%2e',
  'weird*[a-z]?\\name',
  'a/../b',
  '模型/一',
  'm:codex',
  'm#n',
]

const stored = (fields: object = {}) =>
  JSON.stringify({
    provider_id: 'p',
    endpoint_id: 'e',
    key_id: 'pk',
    created_at: 1_700_000_000,
    expire_at: Math.floor(Date.now() / 1_000) + 200,
    request_count: 2,
    ...fields,
  })
const keyOf = (model: string) => `scheduler_affinity:v2:k:openai:chat:${model}:codex:${HASH}`

interface Named {
  readonly prefix: string
  readonly understood: boolean
  readonly records: number
}

interface Answered {
  readonly clearedCount?: number
  readonly code?: string
  readonly warnings?: readonly { readonly code: string; readonly message: string }[]
}

const asked = (service: TestApp) => {
  const redis = service.redis.client()
  const all = async () => (await redis.keys('*')).filter((key) => !key.startsWith('cache_stats')).sort()
  async function list(filter: object = {}): Promise<Readonly<Record<string, unknown>>[]> {
    const { data, errors } = await service.query(
      `query ($filter: AffinityFilter) { affinities(first: 100, filter: $filter) {
        nodes { affinityKey apiFormat modelId clientFamily sessionHash } } }`,
      { filter },
    )
    expect(errors).toEqual([])
    return data.affinities.nodes
  }
  async function clear(call: string, variables: object = {}, declared = ''): Promise<Answered> {
    const { data, errors } = await service.query(
      `mutation ${declared} { result: ${call} { ... on ClearPayload { clearedCount warnings { code message } } ... on Error { code } } }`,
      variables,
    )
    expect(errors).toEqual([])
    return data.result
  }
  const clearSingle = (apiFormat: string, modelId: string, dryRun = false) =>
    clear(
      'clearSingleAffinity(affinityKey: "k", endpointId: "e", apiFormat: $apiFormat, modelId: $modelId, dryRun: $dryRun)',
      { apiFormat, modelId, dryRun },
      '($apiFormat: String!, $modelId: String!, $dryRun: Boolean!)',
    )
  /** Stores these, and waits until so many records are shown. */
  async function put(entries: Readonly<Record<string, string>>, shown: number): Promise<void> {
    await redis.mset(entries)
    await shows(shown)
  }
  const shows = (count: number) =>
    vi.waitFor(async () => expect(await list()).toHaveLength(count), { interval: 10, timeout: 5_000 })
  return { redis, all, list, clear, clearSingle, put, shows }
}

describe('beside a gateway that routes by Redis', () => {
  let service: TestApp
  let world: ReturnType<typeof asked>
  beforeAll(async () => {
    service = await startTestApp({ redis: 'empty', env: { CLEAR_GUARD_SECONDS: '0' } })
    world = asked(service)
  })
  beforeEach(async () => {
    await world.redis.flushall()
    await world.shows(0)
  })
  afterAll(() => service.close())

  it('any model is shown as it is, and its clear takes it and nothing else', async () => {
    const keys = MODELS.map(keyOf)
    await world.put(Object.fromEntries(keys.map((key) => [key, stored()])), MODELS.length)
    const shown = (await world.list()).map(({ modelId }) => modelId)
    expect(shown.sort()).toEqual([...MODELS].sort())
    for (const [place, model] of MODELS.entries()) {
      expect(await world.list({ modelId: model })).toMatchObject([
        {
          affinityKey: 'k',
          apiFormat: 'openai:chat',
          modelId: model,
          clientFamily: 'codex',
          sessionHash: HASH,
        },
      ])
      expect(await world.clearSingle('openai:chat', model)).toMatchObject({ clearedCount: 1 })
      expect(await world.all()).toEqual(keys.slice(place + 1).sort())
    }
  })

  it('an epoch that is a text hides nothing', async () => {
    await world.put({ [keyOf('m')]: stored({ scheduler_affinity_epoch: '62' }) }, 1)
    expect(await world.list()).toMatchObject([{ modelId: 'm' }])
    expect(await world.clearSingle('openai:chat', 'm')).toMatchObject({ clearedCount: 1 })
  })

  it('a format that nobody knows is a part of the key like any other', async () => {
    await world.put({ 'cache_affinity:k:acme:m': stored() }, 1)
    expect(await world.list()).toMatchObject([{ apiFormat: 'acme', modelId: 'm' }])
    expect(await world.clearSingle('acme', 'm')).toMatchObject({ clearedCount: 1 })
  })

  it('a value that contradicts its key is read by the key, and cleared by nothing else', async () => {
    const key = 'cache_affinity:k:claude:chat:m'
    await world.put({ [key]: stored({ api_format: 'openai:chat', model_name: 'm' }) }, 1)
    expect(await world.list()).toMatchObject([{ apiFormat: 'claude:chat', modelId: 'm' }])
    expect(await world.list({ apiFormat: 'openai:chat' })).toEqual([])
    expect(await world.clearSingle('openai:chat', 'm')).toMatchObject({ code: 'NOT_FOUND' })
    expect(await world.all()).toEqual([key])
    expect(await world.clearSingle('claude:chat', 'm')).toMatchObject({ clearedCount: 1 })
  })

  it('keys of another version, of another prefix and with a bad hash are named, and never cleared by mistake', async () => {
    const cut = keyOf('m').slice(0, -1)
    const foreign = ['other:cache_affinity:k:CLAUDE:m', `scheduler_affinity:v3:k:openai:chat:m:codex:${HASH}`]
    await world.put(Object.fromEntries([cut, ...foreign, keyOf('m')].map((key) => [key, stored()])), 1)
    expect(await world.list()).toMatchObject([{ modelId: 'm', sessionHash: HASH }])
    const { data } = await service.query('{ gateway { families { prefix understood records } } }')
    const named = data.gateway.families.map(({ prefix, understood, records }: Named) =>
      [prefix, understood, records].join(' '),
    )
    expect(named.sort()).toEqual([
      'other:cache_affinity: false 1',
      'scheduler_affinity:v2: true 1',
      'scheduler_affinity:v3: false 1',
    ])
    const health = async () =>
      (
        (await (await service.app.yoga.fetch('http://localhost/health/ready')).json()) as {
          brokenRecords: number
        }
      ).brokenRecords
    await expect.poll(health).toBe(1)
    // The feed meets the keys of the other version, and leaves them alone as a scan does.
    expect(JSON.stringify(service.logs)).not.toContain(':v3:')

    for (const filter of ['affinityKey: "k"', 'providerId: "p"', 'apiFormat: "openai:chat"']) {
      await world.clear(`clearAffinities(filter: {${filter}})`)
      await world.clear('clearProviderCache(providerId: "p")')
      expect(await world.all()).toEqual([cut, ...foreign].sort())
    }
    // Ours and unreadable goes with everything; what is not ours stays.
    expect(await world.clear('clearAllCache(confirm: true)')).toMatchObject({ clearedCount: 1 })
    expect(await world.all()).toEqual([...foreign].sort())
  })
})

describe('beside a gateway whose routes can name no such model', () => {
  const UNSENDABLE = MODELS.filter((model) => model !== 'm:codex')
  let service: TestApp
  let server: StandInServer
  let world: ReturnType<typeof asked>
  beforeAll(async () => {
    const gateway = createStandIn({
      generation: 'PROCESS_MEMORY',
      store: memoryStandInStore(new MemoryKeyspace()),
      targets: [target(1)],
      apiKeys: [apiKey(1)],
      tokens: [{ token: TOKEN, permissions: EVERY_RIGHT }],
    })
    server = await listenStandIn(gateway)
    service = await startTestApp({
      database: 'process-memory',
      redis: 'empty',
      env: { GATEWAY_URLS: server.url, GATEWAY_TOKEN: TOKEN, CLEAR_GUARD_SECONDS: '0' },
    })
    world = asked(service)
    await world.put(Object.fromEntries([...UNSENDABLE, 'plain'].map((model) => [keyOf(model), stored()])), 9)
  })
  afterAll(async () => {
    await service.close()
    await server.close()
  })

  it.each(UNSENDABLE)('%s is named as left, and neither a node nor Redis is touched', async (model) => {
    const before = await world.all()
    const calls = () => server.calls.filter(({ target: path }) => path.includes('/affinity/k/'))
    for (const dryRun of [true, false]) {
      const { clearedCount, warnings } = await world.clearSingle('openai:chat', model, dryRun)
      expect(dryRun || clearedCount === 0).toBe(true)
      const [left] = (warnings ?? []).filter(({ code }) => code === 'NOT_CLEARABLE')
      expect(left?.message).toContain(`k / openai:chat / ${model}`)
    }
    expect(calls()).toEqual([])
    expect(await world.all()).toEqual(before)
  })

  it('its neighbour with a plain name goes alone', async () => {
    expect(await world.clearSingle('openai:chat', 'plain')).toMatchObject({ clearedCount: 1 })
    const [call, ...others] = server.calls.filter(({ target: path }) => path.includes('/affinity/k/'))
    expect(call?.target).toBe(
      `/api/admin/monitoring/cache/affinity/k/e/plain/openai:chat?client_family=codex&session_hash=${HASH}`,
    )
    expect(others).toEqual([])
    expect(await world.all()).toEqual(UNSENDABLE.map(keyOf).sort())
  })
})
