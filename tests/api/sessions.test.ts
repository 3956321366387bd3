import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.js'
import { listed, loadGeneration, mirrors } from '../support/generations.js'
import { subscribe } from '../support/subscribe.js'
import { sql } from './affinity-model.js'

/** Beside the tables of the first generation; who and what the pins name is read elsewhere. */
let service: TestApp
let keys: string[]
const redis = () => service.redis.client()

beforeAll(async () => {
  service = await startTestApp({ redis: 'empty', env: { CLEAR_GUARD_SECONDS: '0' } })
  keys = mirrors('process-memory', 0).map(({ key }) => key)
})
beforeEach(async () => {
  await redis().flushall()
  await loadGeneration(redis(), 'process-memory')
})
afterAll(() => service.close())

const FIELDS =
  'id family affinityKey apiFormat modelId modelName clientFamily sessionHash providerId endpointId providerKeyId requestCount'

async function list(filter: object = {}) {
  const { data, errors } = await service.query(
    `query ($filter: AffinityFilter) { affinities(first: 1000, filter: $filter) { totalCount nodes { ${FIELDS} } } }`,
    { filter },
  )
  expect(errors).toEqual([])
  return data.affinities as { totalCount: number; nodes: Record<string, unknown>[] }
}
const keyOf = (node: Record<string, unknown>) => Buffer.from(String(node['id']), 'base64url').toString()
const keysOf = async (filter: object) => (await list(filter)).nodes.map(keyOf).sort()
const matching = (test: (key: string) => boolean) => keys.filter(test).sort()
const left = async () => (await redis().keys('*_affinity:*')).sort()

async function clear(name: string, args: string, variables: object = {}, declared = '') {
  const payload = `${name[0]?.toUpperCase()}${name.slice(1)}Payload`
  const { data, errors } = await service.query(
    `mutation ${declared} { ${name}(${args}) { ... on ${payload} { clearedCount ${name === 'clearSingleAffinity' ? 'affinityId affinityIds' : ''} auditEvent { metadata } } ... on Error { code message } } }`,
    variables,
  )
  expect(errors).toEqual([])
  return data[name]
}

describe('the mirrors of a Rust gateway', () => {
  it('are listed, all 126, with every field as the gateway tells it', async () => {
    const { totalCount, nodes } = await list()
    expect(totalCount).toBe(126)
    const byIdentity = new Map(
      nodes.map((node) => [
        ['affinityKey', 'apiFormat', 'modelId', 'clientFamily', 'sessionHash']
          .map((name) => node[name])
          .join(' '),
        node,
      ]),
    )
    const items = listed('process-memory')
    expect(items).toHaveLength(115)
    let compared = 0
    for (const item of items) {
      const { affinity_key, api_format, global_model_id, client_family, session_hash } = item
      const identity = [affinity_key, api_format, global_model_id, client_family, session_hash].join(' ')
      expect(byIdentity.get(identity), identity).toMatchObject({
        providerId: item.provider_id,
        endpointId: item.endpoint_id,
        providerKeyId: item.key_id,
        modelName: item.model_name,
        requestCount: item.request_count,
      })
      compared += 10
    }
    expect(compared).toBe(1_150)
  })

  it('are filtered by family, client family, session and model', async () => {
    const isV2 = (key: string) => key.startsWith('scheduler_affinity:v2:')
    expect(await keysOf({ family: 'SCHEDULER_AFFINITY' })).toEqual(matching((key) => !isV2(key)))
    expect(await keysOf({ family: 'CACHE_AFFINITY' })).toEqual([])
    expect(await keysOf({ clientFamily: 'codex' })).toEqual(matching((key) => key.includes(':codex:')))
    expect(await keysOf({ clientFamilies: ['codex', 'cursor'] })).toEqual(
      matching((key) => /:(codex|cursor):/.test(key)),
    )
    expect(await keysOf({ clientFamily: 'codex', clientFamilies: ['cursor'] })).toEqual([])
    const [some = ''] = matching(isV2)
    const sessionHash = some.slice(-64)
    const ofSession = matching((key) => key.endsWith(sessionHash))
    expect(await keysOf({ sessionHash })).toEqual(ofSession)
    expect(await keysOf({ sessionHash: sessionHash.toUpperCase() })).toEqual([])
    expect(await keysOf({ modelId: 'weird*[a-z]?\\name', family: 'SCHEDULER_AFFINITY_V2' })).toEqual(
      matching((key) => key.includes(':weird*[a-z]?\\name:')),
    )
  })

  it('are found by the session that a client sent', async () => {
    const hash = createHash('sha256').update('account=acct-7;session=my secret').digest('hex')
    const key = `scheduler_affinity:v2:a:openai:chat:m:codex:${hash}`
    const { value } = mirrors('process-memory', Date.now())[0] ?? { value: '' }
    await redis().set(key, value)
    expect(await keysOf({ clientSession: { id: 'my secret', account: 'acct-7' } })).toEqual([key])
    expect(await keysOf({ clientSession: { id: 'my secret' } })).toEqual([])

    const filter = { clientSession: { id: 'my secret', account: 'acct-7' } }
    const declared = '($filter: AffinityFilter!)'
    const done = await clear('clearAffinities', 'filter: $filter', { filter }, declared)
    expect(done).toMatchObject({ clearedCount: 1 })
    expect(done.auditEvent.metadata.arguments.filter.sessionHashes).toContain(hash)
    expect(await left()).toEqual(matching(() => true))
    // The session itself stands in no audit row and in no line of the log.
    const events = await sql(service.databaseUrl, 'SELECT event_metadata FROM audit_logs')
    expect(JSON.stringify(events)).not.toContain('my secret')
    expect(JSON.stringify(service.logs)).not.toContain('my secret')
  })

  it.each([
    [{ clientFamilies: [] }, 'filter.clientFamilies'],
    [{ clientFamilies: Array.from({ length: 1_001 }, String) }, 'filter.clientFamilies'],
    [{ clientSession: { id: '' } }, 'filter.clientSession.id'],
    [{ clientSession: { id: 'x'.repeat(4_097) } }, 'filter.clientSession.id'],
  ])('are not asked for by %j', async (filter, field) => {
    const { errors } = await service.query(
      'query ($filter: AffinityFilter) { affinities(filter: $filter) { totalCount } }',
      { filter },
    )
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field } }])
  })

  it('are watched by client family and session, as they are filtered', async () => {
    const hash = 'ab'.repeat(32)
    const filters = [`clientFamily: "watched"`, `sessionHash: "${hash}"`, 'family: CACHE_AFFINITY']
    const streams = await Promise.all(
      filters.map((filter) =>
        subscribe(
          service,
          `subscription { affinityEvents(filter: { ${filter} }) { type affinity { family clientFamily sessionHash } } }`,
        ),
      ),
    )
    const pin = { provider_id: 'p', endpoint_id: 'e', key_id: 'k', created_at: 1, request_count: 1 }
    const value = JSON.stringify({ ...pin, expire_at: Math.floor(Date.now() / 1_000) + 300 })
    await redis().set(`scheduler_affinity:v2:key:openai:chat:m:watched:${hash}`, value, 'EX', 300)
    const event = {
      type: 'CREATED',
      affinity: { family: 'SCHEDULER_AFFINITY_V2', clientFamily: 'watched', sessionHash: hash },
    }
    for (const stream of streams.slice(0, 2)) {
      await expect.poll(() => stream.answers()).toEqual([{ data: { affinityEvents: event } }])
    }
    expect(streams[2]?.answers()).toEqual([])
  })

  it('are named by the global model of their name, and found by it', async () => {
    const statement =
      "UPDATE global_models SET name = 'llama3:8b' WHERE id = (SELECT min(id) FROM global_models) RETURNING id, name, display_name"
    const [row] = await sql(service.databaseUrl, statement)
    const [id, name, displayName] = Object.values(row ?? {}).map(String)
    const { value } = mirrors('process-memory', Date.now())[0] ?? { value: '' }
    // In a family of ids the name of a model is a raw name, and in a family of names an id is one.
    await redis().set(`cache_affinity:a:CLAUDE:${id}`, value)
    await redis().set(`cache_affinity:b:CLAUDE:${name}`, value)
    await redis().set(`scheduler_affinity:c:openai:chat:${id}`, value)
    const { data } = await service.query(
      'query ($filter: AffinityFilter) { affinities(filter: $filter) { nodes { id modelName modelDisplayName model { id } } } }',
      { filter: { globalModelId: id } },
    )
    expect(data.affinities.nodes.map(keyOf).sort()).toEqual(
      [...matching((key) => key.includes(':llama3:8b')), `cache_affinity:a:CLAUDE:${id}`].sort(),
    )
    for (const node of data.affinities.nodes) {
      expect(node).toMatchObject({ modelName: name, modelDisplayName: displayName, model: { id } })
    }
  })
})

describe('a clear of one affinity', () => {
  const key = 'scheduler_affinity:v2:k:openai:chat:llama3:8b:codex:'
  const hashes = ['a', 'b'].map((letter) => letter.repeat(64))
  const args = 'affinityKey: "k", endpointId: "e", modelId: "llama3:8b", apiFormat: "openai:chat"'
  const value = JSON.stringify({
    provider_id: 'p',
    endpoint_id: 'e',
    key_id: 'k',
    created_at: 1_700_000_000,
    expire_at: 1_700_000_300,
    request_count: 2,
    scheduler_affinity_epoch: 1,
  })

  beforeEach(async () => {
    await redis().flushall()
    for (const hash of hashes) await redis().set(key + hash, value)
    await redis().set(`${key.replace('codex', 'cursor')}${hashes[0]}`, value)
    await redis().set('scheduler_affinity:k:openai:chat:llama3:8b', value)
    await redis().set('scheduler_affinity:k:openai:chat:llama3', value)
    // The same key would be made of the format `openai` and the model `chat:llama3:8b`.
    await redis().set('cache_affinity:k:openai:chat:llama3:8b', value)
  })

  it('takes one session where one is named', async () => {
    const done = await clear(
      'clearSingleAffinity',
      `${args}, clientFamily: "codex", sessionHash: "${hashes[0]}"`,
    )
    expect(done).toMatchObject({ clearedCount: 1, affinityIds: [done.affinityId] })
    expect(await redis().exists(`${key}${hashes[0]}`)).toBe(0)
    expect(await left()).toHaveLength(5)
  })

  it('takes the sessions of one client family where that is named', async () => {
    expect(await clear('clearSingleAffinity', `${args}, clientFamily: "codex"`)).toMatchObject({
      clearedCount: 2,
    })
    expect(await left()).toHaveLength(4)
  })

  it('takes every session of the API key, format and model, and nothing else', async () => {
    const dry = await clear('clearSingleAffinity', `${args}, dryRun: true`)
    expect(dry).toMatchObject({ clearedCount: 5 })
    const done = await clear('clearSingleAffinity', args)
    expect(done).toMatchObject({ clearedCount: 5, affinityIds: dry.affinityIds })
    expect(await left()).toEqual(['scheduler_affinity:k:openai:chat:llama3'])
  })

  it('takes nothing where the parts name another record that has the same key', async () => {
    const other = 'affinityKey: "k", endpointId: "e", modelId: "chat:llama3:8b", apiFormat: "openai"'
    expect(await clear('clearSingleAffinity', other)).toMatchObject({ code: 'NOT_FOUND' })
    expect(await clear('clearSingleAffinity', `${args}, sessionHash: " "`)).toMatchObject({
      code: 'INVALID_INPUT',
    })
    expect(await left()).toHaveLength(6)
  })
})

describe('a clear of everything', () => {
  it('takes what is ours and unreadable, and leaves versions that nobody here understands', async () => {
    const unreadable = [
      `scheduler_affinity:v2:k:openai:chat:m:codex:${'0'.repeat(63)}`,
      'scheduler_affinity:k',
    ]
    for (const key of [...unreadable, 'scheduler_affinity:v3:k:openai:chat:m']) await redis().set(key, '{}')
    expect(await clear('clearAllCache', 'confirm: true')).toMatchObject({ clearedCount: 128 })
    expect(await left()).toEqual(['scheduler_affinity:v3:k:openai:chat:m'])
    for (const key of ['scheduler_affinity_backup:2026', 'session:web:1'])
      expect(await redis().get(key)).toBe('keep me')
  })
})
