import type { Redis } from 'ioredis'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.js'
import { fixtureEntries, loadRedisFixtures } from '../support/fixtures.js'
import { PROMPT_MS } from '../support/promptly.js'

const PAGE_INFO = 'pageInfo { hasNextPage hasPreviousPage startCursor endCursor }'
const MAPPINGS = `query ($first: Int, $after: String, $search: String) {
  modelMappings(first: $first, after: $after, search: $search) {
    totalCount ${PAGE_INFO} edges { cursor node { mappingName } }
    nodes {
      mappingName globalModelId globalModelName globalModelDisplayName ttlSeconds
      providers { id displayName isActive } globalModel { id name displayName isActive }
    }
  }
}`
const PROVIDER_MAPPINGS = `query ($first: Int, $after: String, $search: String, $providerId: ID, $globalModelId: ID) {
  providerModelMappings(first: $first, after: $after, search: $search, providerId: $providerId, globalModelId: $globalModelId) {
    totalCount ${PAGE_INFO}
    nodes {
      providerId providerName globalModelId globalModelName globalModelDisplayName providerModelName aliases
      ttlSeconds hitCount isActive provider { id name } globalModel { id name }
    }
  }
}`
const UNMAPPED = `query ($first: Int, $after: String) {
  unmappedEntries(first: $first, after: $after) { totalCount ${PAGE_INFO} nodes { mappingName status ttlSeconds } }
}`
const STATS = `{ modelMappingStats {
  available message ttlSeconds totalKeys
  breakdown { modelById modelByProviderGlobal globalModelById globalModelByName globalModelResolve }
} }`

const GATEWAY_MODEL = '03e30fb7-578e-4e41-aebc-82b5064dd8b6'
const resolveKey = (name: string) => `global_model:resolve:${name}`
const gpt5 = (fields: object = {}) =>
  JSON.stringify({ id: GATEWAY_MODEL, name: 'gpt-5', display_name: 'GPT-5', is_active: true, ...fields })

// biome-ignore lint/suspicious/noExplicitAny: rows of the gateway's tables, and JSON as the gateway cached it
type Loose = any

/** What the fixtures hold, worked out from the files in the plainest way. */
class Fixtures {
  readonly entries = fixtureEntries().map((entry) => ({ ...entry, json: entry.json as Loose }))
  readonly providers: Loose[]
  readonly globalModels: Loose[]
  readonly models: Loose[]

  constructor(rows: { providers: Loose[]; globalModels: Loose[]; models: Loose[] }) {
    this.providers = rows.providers
    this.globalModels = rows.globalModels
    this.models = rows.models
  }

  static async read(databaseUrl: string): Promise<Fixtures> {
    const client = new pg.Client(databaseUrl)
    await client.connect()
    const rows = async (table: string) => (await client.query(`SELECT * FROM ${table}`)).rows
    try {
      return new Fixtures({
        providers: await rows('providers'),
        globalModels: await rows('global_models'),
        models: await rows('models'),
      })
    } finally {
      await client.end()
    }
  }

  under(prefix: string) {
    return this.entries
      .filter(({ key }) => key.startsWith(prefix))
      .map((entry) => ({ ...entry, rest: entry.key.slice(prefix.length) }))
  }

  mappings() {
    return this.under('global_model:resolve:')
      .filter(({ json, rest }) => json && json.name !== rest)
      .map(({ json, rest }) => ({
        mappingName: rest,
        globalModelId: json.id,
        globalModelName: json.name,
        globalModelDisplayName: json.display_name,
        providers: this.providers
          .filter((provider) => provider.is_active && this.servesAs(provider, json.id, rest))
          .sort((a, b) => (a.display_name < b.display_name ? -1 : 1))
          .map(({ id, display_name, is_active }) => ({
            id,
            displayName: display_name,
            isActive: is_active,
          })),
      }))
      .sort((a, b) => (a.mappingName < b.mappingName ? -1 : 1))
  }

  private servesAs(provider: Loose, globalModelId: string, name: string): boolean {
    return this.models
      .filter((model) => model.is_active)
      .filter((model) => model.provider_id === provider.id && model.global_model_id === globalModelId)
      .some((model) =>
        [
          model.provider_model_name,
          ...(model.provider_model_mappings ?? []).map((mapping: Loose) => mapping.name),
        ].includes(name),
      )
  }

  providerMappings() {
    return this.under('model:provider_global:')
      .filter(({ json }) => json)
      .flatMap(({ json, rest }) => {
        const [providerId = '', globalModelId = ''] = rest.split(':')
        const provider = this.providers.find(({ id }) => id === providerId)
        const globalModel = this.globalModels.find(({ id }) => id === globalModelId)
        const hits = this.entries.find(({ key }) => key === `model:provider_global:hits:${rest}`)
        const aliases = (json.provider_model_mappings ?? [])
          .sort((a: Loose, b: Loose) => a.priority - b.priority)
          .map(({ name }: Loose) => name)
        if (!provider || !globalModel) return []
        const renames = json.provider_model_name !== globalModel.name
        if (!renames && aliases.length === 0) return []
        return [
          {
            providerId,
            providerName: provider.display_name,
            globalModelId,
            globalModelName: globalModel.name,
            globalModelDisplayName: globalModel.display_name,
            providerModelName: json.provider_model_name,
            aliases: aliases.length > 0 ? aliases : [globalModel.name],
            isActive: provider.is_active && globalModel.is_active && json.is_active,
            hitCount: Number(hits?.value ?? 0),
            provider: { id: providerId, name: provider.name },
            globalModel: { id: globalModelId, name: globalModel.name },
          },
        ]
      })
      .sort((a, b) =>
        `${a.providerName}\0${a.globalModelName}` < `${b.providerName}\0${b.globalModelName}` ? -1 : 1,
      )
  }
}

const withoutTtl = ({ ttlSeconds: _, ...node }: Loose) => node

describe('the model mappings of the fixtures', () => {
  let service: TestApp
  let fixtures: Fixtures
  beforeAll(async () => {
    service = await startTestApp()
    fixtures = await Fixtures.read(service.databaseUrl)
  })
  afterAll(() => service.close())

  it('are counted by family, without hit counters and other keys', async () => {
    const { data, errors } = await service.query(STATS)
    expect(errors).toEqual([])
    const breakdown = {
      modelById: fixtures.under('model:id:').length,
      modelByProviderGlobal: fixtures.under('model:provider_global:').filter(({ json }) => json).length,
      globalModelById: fixtures.under('global_model:id:').length,
      globalModelByName: fixtures.under('global_model:name:').length,
      globalModelResolve: fixtures.under('global_model:resolve:').length,
    }
    expect(breakdown.modelByProviderGlobal).toBeGreaterThan(20)
    expect(data.modelMappingStats).toEqual({
      available: true,
      message: null,
      ttlSeconds: 300,
      totalKeys: Object.values(breakdown).reduce((sum, count) => sum + count, 0),
      breakdown,
    })
  })

  it('are the names that lead to a model of another name, with the providers that know them', async () => {
    const { data, errors } = await service.query(MAPPINGS, { first: 1000 })
    expect(errors).toEqual([])
    const expected = fixtures.mappings()
    expect(expected.filter(({ providers }) => providers.length > 1).length).toBeGreaterThan(2)
    expect(data.modelMappings.totalCount).toBe(expected.length)
    expect(data.modelMappings.nodes.map(withoutTtl)).toEqual(
      expected.map((mapping) => {
        const row = fixtures.globalModels.find(({ id }) => id === mapping.globalModelId)
        const { id, name, display_name, is_active } = row
        return { ...mapping, globalModel: { id, name, displayName: display_name, isActive: is_active } }
      }),
    )
  })

  it('are what providers call the models, with aliases and hits', async () => {
    const { data, errors } = await service.query(PROVIDER_MAPPINGS, { first: 1000 })
    expect(errors).toEqual([])
    const expected = fixtures.providerMappings()
    expect(expected.length).toBeGreaterThan(20)
    expect(new Set(expected.map(({ isActive }) => isActive))).toEqual(new Set([true, false]))
    expect(data.providerModelMappings.nodes.map(withoutTtl)).toEqual(expected)
    expect(data.providerModelMappings.totalCount).toBe(expected.length)
  })

  it('have the lifetimes that Redis tells', async () => {
    const { data } = await service.query(MAPPINGS, { first: 1000 })
    for (const { mappingName, ttlSeconds } of data.modelMappings.nodes) {
      const ttl = fixtures.entries.find(({ key }) => key === resolveKey(mappingName))?.ttl ?? 0
      expect(ttlSeconds).toBeLessThanOrEqual(ttl)
      expect(ttlSeconds).toBeGreaterThan(ttl - 60)
    }
  })

  it('leave out the names that lead nowhere, which are listed by themselves', async () => {
    const { data, errors } = await service.query(UNMAPPED)
    expect(errors).toEqual([])
    expect(data.unmappedEntries.totalCount).toBe(5)
    expect(data.unmappedEntries.nodes.map(withoutTtl)).toEqual([
      { mappingName: 'a-list', status: 'ERROR' },
      { mappingName: 'bad-json', status: 'INVALID' },
      { mappingName: 'gpt-6', status: 'NOT_FOUND' },
      { mappingName: 'no/such model', status: 'NOT_FOUND' },
      { mappingName: 'qwen*', status: 'NOT_FOUND' },
    ])
  })

  it('are all reached page by page, each once', async () => {
    const all = await service.query(MAPPINGS, { first: 1000 })
    const seen: Loose[] = []
    let after: string | null = null
    let pages = 0
    for (let more = true; more; pages += 1) {
      const { data }: Loose = await service.query(MAPPINGS, { first: 10, after })
      const { edges, pageInfo, totalCount } = data.modelMappings
      expect(totalCount).toBe(all.data.modelMappings.totalCount)
      expect(pageInfo.hasPreviousPage).toBe(pages > 0)
      expect(pageInfo.startCursor).toBe(edges[0].cursor)
      expect(pageInfo.endCursor).toBe(edges.at(-1).cursor)
      seen.push(...data.modelMappings.nodes.map(({ mappingName }: Loose) => mappingName))
      after = pageInfo.endCursor
      more = pageInfo.hasNextPage
    }
    expect(pages).toBe(Math.ceil(seen.length / 10))
    expect(seen).toEqual(all.data.modelMappings.nodes.map(({ mappingName }: Loose) => mappingName))
  })

  it.each([
    ['a part of the mapping’s name', '20250929'],
    ['a part of the model’s name, in capitals', 'GPT-3.5'],
    ['a part of the display name', 'qwen3 32b'],
    ['a model id', GATEWAY_MODEL],
    ['text around which blanks stand', '  haiku '],
  ])('are searched by %s', async (_, search) => {
    const wanted = search.trim().toLowerCase()
    const expected = fixtures
      .mappings()
      .filter((mapping) =>
        [
          mapping.mappingName,
          mapping.globalModelId,
          mapping.globalModelName,
          mapping.globalModelDisplayName,
        ].some((text) => text.toLowerCase().includes(wanted)),
      )
    expect(expected.length).toBeGreaterThan(0)
    const { data } = await service.query(MAPPINGS, { search })
    expect(data.modelMappings.nodes.map(withoutTtl)).toMatchObject(expected)
    expect(data.modelMappings.totalCount).toBe(expected.length)
  })

  it.each(['*', '%', '20250929$', '.*'])('hold %j as text, not as a pattern', async (search) => {
    const { data } = await service.query(MAPPINGS, { search })
    expect(data.modelMappings.totalCount).toBe(0)
  })

  it.each(['siliconflow', 'GEMINI-2.5-flash', 'qwen3:32b-2025', '-LATEST'])(
    'of providers are searched by provider, model, the provider’s name for it and alias: %s',
    async (search) => {
      const wanted = search.toLowerCase()
      const expected = fixtures
        .providerMappings()
        .filter(({ providerName, provider, globalModelName, providerModelName, aliases }) =>
          [providerName, provider.name, globalModelName, providerModelName, ...aliases].some((text) =>
            text.toLowerCase().includes(wanted),
          ),
        )
      expect(expected.length).toBeGreaterThan(0)
      const { data } = await service.query(PROVIDER_MAPPINGS, { search })
      expect(data.providerModelMappings.nodes.map(withoutTtl)).toEqual(expected)
    },
  )

  it('of providers are filtered by provider, by model, and by both', async () => {
    const all = fixtures.providerMappings()
    const [{ providerId, globalModelId } = { providerId: '', globalModelId: '' }] = all
    const ask = async (filter: object) =>
      (await service.query(PROVIDER_MAPPINGS, filter)).data.providerModelMappings.nodes.map(withoutTtl)
    const ofProvider = all.filter((mapping) => mapping.providerId === providerId)
    const ofModel = all.filter((mapping) => mapping.globalModelId === globalModelId)
    expect(await ask({ providerId })).toEqual(ofProvider)
    expect(await ask({ globalModelId })).toEqual(ofModel)
    expect(await ask({ providerId, globalModelId })).toEqual(
      ofModel.filter((mapping) => ofProvider.includes(mapping)),
    )
    expect(await ask({ providerId: 'nobody' })).toEqual([])
    expect(await ask({ providerId: '' })).toEqual([])
  })

  it('issue one SQL statement for the providers of a page of any size, and one for the models', async () => {
    for (const first of [1, 10, 1_000]) {
      const statements = await service.statementsOf(() => service.query(MAPPINGS, { first }))
      expect(statements).toHaveLength(2)
      expect(
        statements.filter((sql) => /FROM models LEFT JOIN LATERAL \(SELECT \* FROM providers/.test(sql)),
      ).toHaveLength(1)
      expect(statements.filter((sql) => /FROM "?global_models/.test(sql))).toHaveLength(1)
    }
  })

  it('issue no SQL statement where no row is asked for', async () => {
    const statements = await service.statementsOf(() =>
      service.query(`{
        modelMappingStats { totalKeys }
        modelMappings { nodes { mappingName globalModelName ttlSeconds } }
        unmappedEntries { totalCount }
      }`),
    )
    expect(statements).toEqual([])
  })

  it('of providers issue one SQL statement for both tables, however many there are', async () => {
    for (const first of [1, 1_000]) {
      const [statement = '', ...others] = await service.statementsOf(() =>
        service.query(PROVIDER_MAPPINGS, { first }),
      )
      expect(Array.from(statement.matchAll(/FROM (\w+)/g), ([, table]) => table)).toEqual([
        'global_models',
        'providers',
      ])
      expect(others).toEqual([])
    }
  })

  it('are answered from memory, however many fields ask', async () => {
    // What follows the cache reads now and then by itself: what these fields read would be there each time.
    await vi.waitFor(async () => {
      service.redis.cli('config', 'resetstat')
      await service.query(`{
        modelMappingStats { totalKeys } modelMappings { totalCount } again: modelMappings(search: "gpt") { totalCount } unmappedEntries { totalCount }
      }`)
      expect(service.redis.cli('info', 'commandstats')).not.toMatch(/cmdstat_(scan|get|mget|pttl|type)/)
    }, 30_000)
  })

  it('cost no walk for twenty people who open the page at once beside 20,000 other keys', async () => {
    const redis = service.redis.client()
    const others = Array.from({ length: 20_000 }, (_, n) => [`foreign:${n}`, 'x'])
    await redis.mset(others.flat())
    const page = `{ modelMappingStats { totalKeys } modelMappings { totalCount nodes { providers { name } } }
      providerModelMappings { totalCount nodes { hitCount } } unmappedEntries { totalCount } }`
    // What follows the cache scans now and then by itself: a walk of these queries would be there each time.
    await vi.waitFor(async () => {
      service.redis.cli('config', 'resetstat')
      const answers = await Promise.all(Array.from({ length: 20 }, () => service.query(page)))
      for (const { errors, data } of answers) {
        expect(errors).toEqual([])
        expect(data.modelMappings.totalCount).toBe(fixtures.mappings().length)
      }
      expect(service.redis.cli('info', 'commandstats')).not.toContain('cmdstat_scan')
    }, 30_000)
  })

  it('of providers read the counters of a page with one MGET, where somebody looks at them', async () => {
    service.redis.cli('config', 'resetstat')
    await service.query('{ providerModelMappings { totalCount nodes { providerName } } }')
    expect(service.redis.cli('info', 'commandstats')).not.toContain('cmdstat_mget')
    await service.query('{ providerModelMappings { edges { node { hitCount } } } }')
    expect(service.redis.cli('info', 'commandstats')).toContain('cmdstat_mget:calls=1,')
  })

  it.each([
    [MAPPINGS, { search: '   ' }, 'search'],
    [MAPPINGS, { search: 'x'.repeat(256) }, 'search'],
    [PROVIDER_MAPPINGS, { search: '' }, 'search'],
    [MAPPINGS, { first: 0 }, 'first'],
    [PROVIDER_MAPPINGS, { first: 1_001 }, 'first'],
    [UNMAPPED, { first: -1 }, 'first'],
    [MAPPINGS, { after: 'forged' }, 'after'],
    [UNMAPPED, { after: '' }, 'after'],
  ])('are not listed for invalid arguments (%#)', async (document, variables, field) => {
    const { errors } = await service.query(document, variables)
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field } }])
  })

  it('refuse a cursor of another list or another search', async () => {
    const { data } = await service.query(MAPPINGS, { first: 1 })
    const after = data.modelMappings.pageInfo.endCursor
    for (const [document, variables] of [
      [UNMAPPED, { after }],
      [PROVIDER_MAPPINGS, { after }],
      [MAPPINGS, { after, search: 'gpt' }],
    ] as const) {
      const { errors } = await service.query(document, variables)
      expect(errors).toMatchObject([
        { message: 'after is a cursor of another search, filter or order.', extensions: { field: 'after' } },
      ])
    }
  })

  it('need a token', async () => {
    for (const document of [STATS, MAPPINGS, PROVIDER_MAPPINGS, UNMAPPED]) {
      const { errors } = await service.query(document, {}, { token: null })
      expect(errors[0]?.extensions['code']).toBe('UNAUTHENTICATED')
    }
  })
})

describe('a cache of model mappings', () => {
  let service: TestApp
  let redis: Redis
  beforeAll(async () => {
    service = await startTestApp({ redis: 'empty' })
    redis = service.redis.client()
  })
  beforeEach(() => redis.flushall())
  afterAll(() => service.close())

  const mappings = async (variables: object = {}) =>
    (await service.query(MAPPINGS, variables)).data.modelMappings
  const providerMappings = async () =>
    (await service.query(PROVIDER_MAPPINGS)).data.providerModelMappings as Loose
  const unmapped = async (): Promise<Loose[]> => (await service.query(UNMAPPED)).data.unmappedEntries.nodes

  it('that is empty has empty pages', async () => {
    expect(await mappings()).toMatchObject({
      totalCount: 0,
      nodes: [],
      pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null },
    })
    expect((await providerMappings()).totalCount).toBe(0)
    expect(await unmapped()).toEqual([])
  })

  it('shows any name as it is', async () => {
    const names = [
      'weird*[a-z]?\\name',
      'qwen*',
      '模型/一',
      'llama3:8b',
      '<script>',
      '\u0000',
      '😀',
      'a\r\nb',
    ]
    for (const name of names) await redis.set(resolveKey(name), gpt5())
    const { nodes } = await mappings()
    expect(nodes.map(({ mappingName }: Loose) => mappingName)).toEqual([...names].sort())
    for (const { ttlSeconds } of nodes) expect(ttlSeconds).toBeNull()
    const found = await mappings({ search: '*[A-Z]?\\' })
    expect(found.nodes.map(({ mappingName }: Loose) => mappingName)).toEqual(['weird*[a-z]?\\name'])
  })

  it('shows nothing of keys outside the six families', async () => {
    await loadRedisFixtures(redis)
    const everything = await Promise.all(
      [STATS, MAPPINGS, PROVIDER_MAPPINGS, UNMAPPED].map((document) =>
        service.query(document, { first: 1000 }),
      ),
    )
    expect(JSON.stringify(everything)).not.toContain('keep me')
    expect(JSON.stringify(everything)).not.toContain('someone-elses')
    expect(JSON.stringify(everything)).not.toContain('"thing"')
  })

  it.each([
    ['an empty value', ''],
    ['bad JSON', '{oops'],
    ['a JSON array', `[${gpt5()}]`],
    ['a JSON string', '"NOT_FOUND"'],
    ['null', 'null'],
    ['no id', gpt5({ id: undefined })],
    ['a number for an id', gpt5({ id: 7 })],
    ['a list where the name belongs', gpt5({ name: ['gpt-5'] })],
    ['fields in __proto__', `{"__proto__":${gpt5()}}`],
    ['5 MB of text', 'x'.repeat(5_000_000)],
    ['3,000 nested lists', `${'['.repeat(3_000)}${']'.repeat(3_000)}`],
    ['NOT_FOUND with a blank', 'NOT_FOUND '],
  ])('lists a name with %s as INVALID', async (_, value) => {
    await redis.set(resolveKey('x'), value, 'EX', 100)
    expect(await unmapped()).toMatchObject([{ mappingName: 'x', status: 'INVALID' }])
    expect((await mappings()).totalCount).toBe(0)
  })

  it('lists names of other Redis types as ERROR', async () => {
    await redis.hset(resolveKey('a hash'), 'id', 'x')
    await redis.sadd(resolveKey('a set'), 'x')
    await redis.zadd(resolveKey('a sorted set'), 1, 'x')
    await redis.xadd(resolveKey('a stream'), '*', 'id', 'x')
    await redis.expire(resolveKey('a set'), 100)
    const entries = await unmapped()
    expect(entries.map(({ mappingName, status }) => [mappingName, status])).toEqual([
      ['a hash', 'ERROR'],
      ['a set', 'ERROR'],
      ['a sorted set', 'ERROR'],
      ['a stream', 'ERROR'],
    ])
    expect(entries.map(({ ttlSeconds }) => ttlSeconds === null)).toEqual([true, false, true, true])
  })

  it('that maps a name to itself has no mapping, and no unmapped entry', async () => {
    await redis.set(resolveKey('gpt-5'), gpt5())
    expect((await mappings()).totalCount).toBe(0)
    expect(await unmapped()).toEqual([])
  })

  it('shows a mapping to a model that is deleted, without its row and without providers', async () => {
    await redis.set(resolveKey('old'), gpt5({ id: 'gone', name: 'gone-model', display_name: null }))
    expect((await mappings()).nodes).toMatchObject([
      {
        globalModelId: 'gone',
        globalModelName: 'gone-model',
        globalModelDisplayName: null,
        globalModel: null,
        providers: [],
      },
    ])
  })

  it('is paged through while names come and go, and through names of a megabyte', async () => {
    const long = (end: string) => `${'n'.repeat(1_000_000)}${end}`
    const names = ['a', 'b', 'c', long('1'), long('2'), 'z']
    for (const name of names) await redis.set(resolveKey(name), 'NOT_FOUND')
    const page = async (after: string | null) =>
      (await service.query(UNMAPPED, { first: 2, after })).data.unmappedEntries as Loose
    const seen: string[] = []
    const take = ({ nodes }: Loose) => seen.push(...nodes.map(({ mappingName }: Loose) => mappingName))

    const first = await page(null)
    take(first)
    // The very record that the cursor was made of goes, and one comes before it.
    await redis.del(resolveKey('b'))
    await redis.set(resolveKey('aa'), 'NOT_FOUND')
    const second = await page(first.pageInfo.endCursor)
    take(second)
    const third = await page(second.pageInfo.endCursor)
    take(third)
    expect(seen).toHaveLength(6)
    expect([...seen].sort()).toEqual([...names].sort())
    expect(third.pageInfo.hasNextPage).toBe(false)
    expect(third.pageInfo.endCursor.length).toBeLessThan(8_192)
  })

  describe('of a provider’s models', () => {
    const PROVIDER = '42a90167-8c53-4a24-b4e4-2b0c84578881'
    const entryKey = (provider = PROVIDER, model = GATEWAY_MODEL) =>
      `model:provider_global:${provider}:${model}`
    const hitsKey = `model:provider_global:hits:${PROVIDER}:${GATEWAY_MODEL}`
    const model = (fields: object = {}) =>
      JSON.stringify({ provider_model_name: 'gpt-5-x', provider_model_mappings: null, ...fields })

    it('orders aliases by priority, each once, and passes over junk', async () => {
      const mixed = [
        { name: 'third', priority: 3 },
        { name: 'last' },
        'a string',
        null,
        { priority: 1 },
        { name: 7, priority: 1 },
        { name: '', priority: 1 },
        { name: 'first', priority: -1 },
        { name: 'third', priority: 4 },
        { name: 'second', priority: 2.5 },
      ]
      await redis.set(entryKey(), model({ provider_model_mappings: mixed }))
      const { nodes } = await providerMappings()
      expect(nodes).toMatchObject([{ aliases: ['first', 'second', 'third', 'last'], ttlSeconds: null }])
    })

    it.each([
      ['a name that is the model’s own, and no alias', model({ provider_model_name: 'gpt-5' })],
      [
        'a name that is the model’s own, and only junk for aliases',
        model({ provider_model_name: 'gpt-5', provider_model_mappings: [{}] }),
      ],
      ['bad JSON', '{oops'],
      ['no name', model({ provider_model_name: undefined })],
      ['a JSON array', '[]'],
    ])('is no mapping with %s', async (_, value) => {
      await redis.set(entryKey(), value)
      expect((await providerMappings()).totalCount).toBe(0)
    })

    it('is a mapping with the model’s own name and an alias', async () => {
      const aliases = [{ name: 'GPT-5', priority: 1 }]
      await redis.set(entryKey(), model({ provider_model_name: 'gpt-5', provider_model_mappings: aliases }))
      expect((await providerMappings()).nodes).toMatchObject([{ aliases: ['GPT-5'] }])
    })

    it('leaves out what has lost its provider or its model, and does not count it', async () => {
      await redis.set(entryKey(), model())
      await redis.set(entryKey('gone'), model())
      await redis.set(entryKey(PROVIDER, 'gone'), model())
      // PostgreSQL takes no NUL: such an id must not fail the others.
      await redis.set(entryKey('\0'), model())
      const { totalCount, nodes } = await providerMappings()
      expect(totalCount).toBe(1)
      expect(nodes).toMatchObject([{ providerId: PROVIDER, hitCount: 0 }])
    })

    it.each([
      ['12', 12],
      ['0', 0],
      ['99999999999999999999', 2 ** 31 - 1],
      ['-3', 0],
      ['1.5', 0],
      ['many', 0],
      ['', 0],
    ])('reads %j as a number of hits', async (value, hitCount) => {
      await redis.set(entryKey(), model())
      await redis.set(hitsKey, value)
      expect((await providerMappings()).nodes).toMatchObject([{ hitCount }])
    })

    it('counts no hits where the counter is of another type', async () => {
      await redis.set(entryKey(), model())
      await redis.rpush(hitsKey, '12')
      expect((await providerMappings()).nodes).toMatchObject([{ hitCount: 0 }])
    })

    it('logs what it cannot read once, not with every request', async () => {
      const warnings = () =>
        service.logs.filter(({ msg }) => String(msg).startsWith('cached models cannot be read'))
      const before = warnings().length
      await redis.set(entryKey('unreadable'), '{oops')
      await providerMappings()
      await providerMappings()
      expect(warnings().slice(before)).toMatchObject([{ count: 1, keys: [entryKey('unreadable')] }])
    })
  })
})

describe('model mappings while a store is away', () => {
  let service: TestApp
  beforeEach(async () => {
    service = await startTestApp()
  })
  afterEach(() => service.close())

  it.each(['paused', 'killed'])('are unavailable when the cache is %s, and never none', async (how) => {
    if (how === 'paused') service.redis.pause()
    else await service.redis.kill()
    const start = performance.now()
    const answers = await Promise.all(
      [MAPPINGS, PROVIDER_MAPPINGS, UNMAPPED].map((document) => service.query(document)),
    )
    for (const { data, errors } of answers) {
      expect(data).toBeNull()
      expect(errors).toMatchObject([{ extensions: { code: 'CACHE_UNAVAILABLE' } }])
    }
    expect(performance.now() - start).toBeLessThan(PROMPT_MS)
  })

  it.each(['paused', 'killed'])(
    'are said to be unavailable, without an error, when the cache is %s',
    async (how) => {
      if (how === 'paused') service.redis.pause()
      else await service.redis.kill()
      const start = performance.now()
      const { data, errors } = await service.query(STATS)
      expect(performance.now() - start).toBeLessThan(PROMPT_MS)
      expect(errors).toEqual([])
      expect(data.modelMappingStats).toEqual({
        available: false,
        message: 'The cache cannot be reached, so nothing could be counted.',
        ttlSeconds: null,
        totalKeys: 0,
        breakdown: {
          modelById: 0,
          modelByProviderGlobal: 0,
          globalModelById: 0,
          globalModelByName: 0,
          globalModelResolve: 0,
        },
      })
    },
  )

  it('still show what the cache knows when the database is closed', async () => {
    await service.app.database.close()
    const { data, errors } = await service.query(
      '{ modelMappings { totalCount nodes { mappingName globalModelName globalModel { id } } } }',
    )
    expect(data.modelMappings.totalCount).toBeGreaterThan(20)
    expect(data.modelMappings.nodes[0].globalModelName).toEqual(expect.any(String))
    expect(data.modelMappings.nodes[0].globalModel).toBeNull()
    expect(errors[0]?.extensions['code']).toBe('DATABASE_UNAVAILABLE')

    const ofProviders = await service.query(PROVIDER_MAPPINGS)
    expect(ofProviders.errors).toMatchObject([{ extensions: { code: 'DATABASE_UNAVAILABLE' } }])
  })
})
