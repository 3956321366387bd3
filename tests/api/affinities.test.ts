import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.js'
import { fixtureEntries } from '../support/fixtures.js'
import { fixturePins, keyOfNode, sql } from './affinity-model.js'
import { untilShown } from './shown.js'

const NOW = Date.now()

const LIVE_KEY = '919dcc0f-8ccd-480c-a076-256001b8d526'
const DELETED_KEY = '8ad0e43e-0715-4f4d-9924-1adc3d49bfc9'
const HEIDIS_KEY = '735dc327-1ce2-42d6-ab4c-0859d26542ee'
const BOBS_STANDALONE_KEY = '26913812-0d8d-4f28-88da-007284146a53'
const ANTHROPIC = '42a90167-8c53-4a24-b4e4-2b0c84578881'
const DELETED_PROVIDER = 'ae53fd71-4f59-4861-8a41-937e366f55bf'
const BOB = '244caf9c-4dab-4481-b253-edc618187993'

describe('affinities', () => {
  let service: TestApp
  beforeAll(async () => {
    service = await startTestApp({ now: () => NOW })
  })
  afterAll(() => service.close())

  const affinities = async (args: string, fields: string) => {
    const { data, errors } = await service.query(`{ affinities${args} { ${fields} } }`)
    expect(errors).toEqual([])
    return data.affinities
  }
  const nodes = async (args: string, fields: string) => (await affinities(args, `nodes { ${fields} }`)).nodes

  it('are every readable record of the cache, and no other', async () => {
    const page = await affinities('(first: 1000)', 'totalCount nodes { id affinityKey apiFormat modelId }')
    expect(page.totalCount).toBe(506)
    expect(page.nodes.map(keyOfNode).sort()).toEqual(
      fixturePins(NOW)
        .map(({ key }) => key)
        .sort(),
    )
    expect(new Set(page.nodes.map(({ id }: { id: string }) => id)).size).toBe(506)
  })

  it('leave broken records alone, log each once, and count them', async () => {
    await affinities('', 'totalCount')
    await affinities('', 'totalCount')
    const logged = service.logs.filter(({ msg }) => String(msg).includes('cannot be read'))
    const owner = 'cache_affinity:813547e2-5937-41f0-8401-82fcdb14a009:CLAUDE'
    expect(logged.map(({ key, reason }) => [key, reason]).sort()).toEqual([
      [`${owner}:a-list`, 'wrong Redis type'],
      [`${owner}:array`, 'not an affinity'],
      [`${owner}:broken-json`, 'not JSON'],
      [`${owner}:missing-field`, 'not an affinity'],
    ])
  })

  it('leave every key of the cache as it was', async () => {
    const redis = service.redis.client()
    const dump = async () => {
      const keys = (await redis.keys('*')).sort()
      return Promise.all(keys.map(async (key) => [key, await redis.dumpBuffer(key)]))
    }
    const before = await dump()
    await affinities('(search: "a", filter: { stale: true }, orderBy: { field: CREATED_AT })', 'totalCount')
    expect(before).toHaveLength(fixtureEntries().length)
    expect(await dump()).toEqual(before)
  })

  it('come a hundred at a time, latest expiry first, unless asked otherwise', async () => {
    const unasked = await nodes('', 'id expiresAt')
    expect(unasked).toHaveLength(100)
    expect(
      await nodes('(first: 100, orderBy: { field: EXPIRES_AT, direction: DESC })', 'id expiresAt'),
    ).toEqual(unasked)
    expect(await nodes('(orderBy: {})', 'id expiresAt')).toEqual(unasked)
    expect(
      await nodes('(first: null, after: null, offset: null, search: null, filter: null)', 'id expiresAt'),
    ).toEqual(unasked)
    const times = unasked.map(({ expiresAt }: { expiresAt: string }) => Date.parse(expiresAt))
    expect(times).toEqual([...times].sort((a, b) => b - a))
  })

  it('are ordered by any of three values, up or down, each the other’s reverse', async () => {
    for (const [field, value] of [
      ['EXPIRES_AT', 'expiresAt'],
      ['CREATED_AT', 'createdAt'],
      ['REQUEST_COUNT', 'requestCount'],
    ] as const) {
      const up = await nodes(`(first: 1000, orderBy: { field: ${field}, direction: ASC })`, `id ${value}`)
      const down = await nodes(`(first: 1000, orderBy: { field: ${field}, direction: DESC })`, `id ${value}`)
      expect([...down].reverse(), field).toEqual(up)
      const values = up.map((node: Record<string, string | number>) => node[value])
      expect(values, field).toEqual(
        [...values].sort((a, b) => (typeof a === 'number' ? a - b : Date.parse(a) - Date.parse(b))),
      )
    }
  })

  it('that tie are ordered by their cache key', async () => {
    const page = await nodes(
      '(first: 1000, orderBy: { field: REQUEST_COUNT, direction: ASC })',
      'requestCount affinityKey apiFormat modelId',
    )
    const threes = page
      .filter(({ requestCount }: { requestCount: number }) => requestCount === 3)
      .map(keyOfNode)
    expect(threes.length).toBeGreaterThan(5)
    expect(threes).toEqual([...threes].sort((a, b) => (a < b ? -1 : 1)))
  })

  describe('filtered', () => {
    const count = async (filter: string) => (await affinities(`(filter: ${filter})`, 'totalCount')).totalCount

    it('by each field are the records that hold its value', async () => {
      const pins = fixturePins(NOW)
      for (const field of [
        'affinityKey',
        'providerId',
        'endpointId',
        'providerKeyId',
        'modelId',
        'apiFormat',
      ] as const) {
        for (const wanted of new Set(pins.slice(0, 3).map((pin) => pin[field]))) {
          expect(await count(`{ ${field}: "${wanted}" }`), `${field} ${wanted}`).toBe(
            pins.filter((pin) => pin[field] === wanted).length,
          )
        }
      }
    })

    it('by user are those of all the user’s API keys', async () => {
      expect(await count(`{ userId: "${BOB}" }`)).toBe(30)
    })

    it('by user and one of the user’s API keys are those of that key; another’s key, none', async () => {
      expect(await count(`{ userId: "${BOB}", affinityKey: "${BOBS_STANDALONE_KEY}" }`)).toBe(12)
      expect(await count(`{ userId: "${BOB}", affinityKey: "${HEIDIS_KEY}" }`)).toBe(0)
    })

    it('by several fields hold all of them', async () => {
      const page = await nodes(
        `(first: 1000, filter: { providerId: "${ANTHROPIC}", apiFormat: "CLAUDE", stale: false })`,
        'providerId apiFormat staleReasons',
      )
      expect(page.length).toBeGreaterThan(0)
      for (const node of page)
        expect(node).toEqual({ providerId: ANTHROPIC, apiFormat: 'CLAUDE', staleReasons: [] })
    })

    it('by no field, or by nulls, are all', async () => {
      expect(await count('{}')).toBe(506)
      expect(await count('{ providerId: null, userId: null, stale: null }')).toBe(506)
    })

    it('by a raw model name with any characters are found', async () => {
      expect(await count('{ modelId: "llama3:8b" }')).toBe(1)
      expect(await count('{ modelId: "weird*[a-z]?\\\\name" }')).toBe(1)
      expect(await count('{ modelId: "模型/一" }')).toBe(1)
    })

    it('exactly: no pattern, no part, no other case', async () => {
      for (const filter of [
        '{ modelId: "*" }',
        '{ modelId: "llama3" }',
        '{ modelId: "LLAMA3:8B" }',
        '{ apiFormat: "claude" }',
        '{ apiFormat: "CLAU" }',
        '{ apiFormat: "" }',
        '{ affinityKey: "%" }',
      ])
        expect(await count(filter), filter).toBe(0)
    })

    it.each(['affinityKey', 'userId', 'providerId', 'endpointId', 'providerKeyId', 'modelId', 'apiFormat'])(
      'by an unknown %s are none, whatever characters it has',
      async (field) => {
        for (const unknown of [
          'nobody',
          '',
          ' ',
          '__proto__',
          'a:b',
          "' OR 1=1 --",
          'a\0b',
          '\ud800',
          'x'.repeat(5_000),
        ]) {
          const { data, errors } = await service.query(
            'query ($filter: AffinityFilter) { affinities(filter: $filter) { totalCount nodes { id } } }',
            { filter: { [field]: unknown } },
          )
          expect(errors, JSON.stringify(unknown)).toEqual([])
          expect(data.affinities).toEqual({ totalCount: 0, nodes: [] })
        }
      },
    )
  })

  describe('show', () => {
    const one = async (filter: string, fields: string) => (await nodes(`(filter: ${filter})`, fields))[0]

    it('what the record says, and what the database has for each of its ids', async () => {
      const pin = fixturePins(NOW).find(({ affinityKey }) => affinityKey === LIVE_KEY)
      if (!pin) throw new Error('The fixtures have a pin of this key.')
      const node = await one(
        `{ affinityKey: "${pin.affinityKey}", apiFormat: "${pin.apiFormat}", modelId: "${pin.modelId}" }`,
        `affinityKey apiFormat modelId providerId endpointId providerKeyId requestCount createdAt expiresAt ttlSeconds
         apiKey { id user { id username } } user { id } provider { id } endpoint { id provider { id } }
         providerKey { id endpoint { id } }`,
      )
      const { key, createdAt, expiresAt, writtenExpiry: _, ...fields } = pin
      // The TTL is by the clock of Redis, which went on since the fixtures were stored.
      expect(expiresAt - NOW / 1_000 - node.ttlSeconds).toBeGreaterThanOrEqual(0)
      expect(expiresAt - NOW / 1_000 - node.ttlSeconds).toBeLessThan(300)
      expect(node).toEqual({
        ...fields,
        createdAt: new Date(createdAt * 1000).toISOString(),
        expiresAt: new Date(Math.round(expiresAt * 1000)).toISOString(),
        ttlSeconds: expect.any(Number),
        apiKey: { id: LIVE_KEY, user: { id: BOB, username: 'bob' } },
        user: { id: BOB },
        provider: { id: pin.providerId },
        endpoint: { id: pin.endpointId, provider: { id: pin.providerId } },
        providerKey: { id: pin.providerKeyId, endpoint: { id: pin.endpointId } },
      })
    })

    it('null for an API key that was deleted, and for its user, without an error', async () => {
      expect(
        await one(
          `{ affinityKey: "${DELETED_KEY}" }`,
          'affinityKey apiKey { id } user { id } isStandalone staleReasons',
        ),
      ).toEqual({
        affinityKey: DELETED_KEY,
        apiKey: null,
        user: null,
        isStandalone: false,
        staleReasons: ['API_KEY_DELETED', 'MODEL_NOT_AT_PROVIDER'],
      })
    })

    it('null for a provider, endpoint, provider key and model that were deleted, and 1 as the multiplier', async () => {
      const node = await one(
        `{ providerId: "${DELETED_PROVIDER}" }`,
        `providerId modelId modelName modelDisplayName rateMultiplier staleReasons
         provider { id } endpoint { id } providerKey { id } model { id }`,
      )
      expect(node).toEqual({
        providerId: DELETED_PROVIDER,
        modelId: '4d3382ea-de54-4bbe-a1f6-e255b1ccf398',
        modelName: '4d3382ea-de54-4bbe-a1f6-e255b1ccf398',
        modelDisplayName: '4d3382ea-de54-4bbe-a1f6-e255b1ccf398',
        rateMultiplier: 1,
        staleReasons: [
          'PROVIDER_DELETED',
          'ENDPOINT_DELETED',
          'PROVIDER_KEY_DELETED',
          'MODEL_DELETED',
          'MODEL_NOT_AT_PROVIDER',
        ],
        provider: null,
        endpoint: null,
        providerKey: null,
        model: null,
      })
    })

    it('the model’s name, or the raw name of an older record', async () => {
      expect(
        await one(
          '{ modelId: "512d9c12-be2c-472a-9fb8-833440316e2a" }',
          'modelName modelDisplayName model { name }',
        ),
      ).toEqual({ modelName: 'qwen3:32b', modelDisplayName: 'Qwen3 32B', model: { name: 'qwen3:32b' } })
      expect(
        await one('{ modelId: "llama3:8b" }', 'modelName modelDisplayName model { name } staleReasons'),
      ).toEqual({
        modelName: 'llama3:8b',
        modelDisplayName: 'llama3:8b',
        model: null,
        staleReasons: expect.arrayContaining(['MODEL_DELETED']),
      })
    })

    it('API format and model of the key where the record has neither', async () => {
      expect(await one('{ modelId: "no-fields" }', 'affinityKey apiFormat modelId')).toEqual({
        affinityKey: LIVE_KEY,
        apiFormat: 'CLAUDE',
        modelId: 'no-fields',
      })
    })

    it('whether the API key has a balance of its own, and what the provider key costs', async () => {
      expect(await one(`{ affinityKey: "${BOBS_STANDALONE_KEY}" }`, 'isStandalone')).toEqual({
        isStandalone: true,
      })
      const [cheap] = await sql(
        service.databaseUrl,
        'SELECT id, rate_multiplier FROM provider_api_keys WHERE rate_multiplier <> 1 AND id = ANY($1) LIMIT 1',
        [fixturePins(NOW).map(({ providerKeyId }) => providerKeyId)],
      )
      expect(
        await one(`{ providerKeyId: "${cheap?.id}" }`, 'rateMultiplier providerKey { rateMultiplier }'),
      ).toEqual({
        rateMultiplier: cheap?.['rate_multiplier'],
        providerKey: { rateMultiplier: cheap?.['rate_multiplier'] },
      })
    })

    it('keys only masked, and null for one that cannot be decrypted', async () => {
      const page = await nodes('(first: 1000)', 'apiKey { id maskedKey } providerKey { maskedKey }')
      const masked: (string | null)[] = page.flatMap(
        (node: { apiKey: { maskedKey: string } | null; providerKey: { maskedKey: string } | null }) => [
          node.apiKey?.maskedKey ?? null,
          node.providerKey?.maskedKey ?? null,
        ],
      )
      expect(masked).toContain(null)
      for (const text of masked.filter((value) => value !== null))
        expect(text).toMatch(/^(.{8}\*{8}.{4}|.{2}\*{8})$/)
    })
  })
})

describe('a filter by figures', () => {
  it('selects nothing where its ranges contradict each other, and refuses a negative time', async () => {
    const service = await startTestApp({ now: () => NOW })
    try {
      const count = (filter: string) => service.query(`{ affinities(filter: ${filter}) { totalCount } }`)
      for (const nothing of [
        '{ createdAfter: "2026-01-01T00:00:00Z", createdBefore: "2025-01-01T00:00:00Z" }',
        '{ createdAfter: "9999-01-01T00:00:00Z" }',
        '{ expiresBefore: "1970-01-01T00:00:00Z" }',
        '{ requestCountMin: 3, requestCountMax: 2 }',
        '{ requestCountMax: -1 }',
        '{ unusedForSeconds: 2147483647 }',
      ]) {
        const { data, errors } = await count(nothing)
        expect(errors, nothing).toEqual([])
        expect(data.affinities.totalCount, nothing).toBe(0)
      }
      const { errors } = await count('{ unusedForSeconds: -1 }')
      expect(errors).toMatchObject([
        { extensions: { code: 'BAD_USER_INPUT', field: 'filter.unusedForSeconds' } },
      ])
    } finally {
      await service.close()
    }
  })
})

describe('a record whose expire_at is another time than Redis’s', () => {
  it('shows what Redis will do, and nothing breaks where values are at their limits', async () => {
    const service = await startTestApp({ redis: 'empty', now: () => NOW })
    try {
      const redis = service.redis.client()
      const put = (model: string, fields: object) =>
        redis.set(
          `cache_affinity:${LIVE_KEY}:CLAUDE:${model}`,
          JSON.stringify({
            provider_id: ANTHROPIC,
            endpoint_id: 'e',
            key_id: 'k',
            created_at: NOW / 1000 - 600,
            expire_at: NOW / 1000 - 300,
            request_count: 1,
            ...fields,
          }),
        )
      await put('late', {})
      await put('far', { expire_at: 253_402_300_799, request_count: 2 ** 40 })
      await put('old', { created_at: 0, expire_at: 0 })
      await redis.call('PEXPIREAT', `cache_affinity:${LIVE_KEY}:CLAUDE:far`, 9_007_199_254_740_991)
      await redis.call('PEXPIREAT', `cache_affinity:${LIVE_KEY}:CLAUDE:late`, 4_102_444_800_123)
      await untilShown(service)
      const { data, errors } = await service.query(
        '{ affinities { nodes { modelId createdAt lastUsedAt expiresAt ttlSeconds requestCount } } }',
      )
      expect(errors).toEqual([])
      const [old, far, late] = data.affinities.nodes
      expect(late).toMatchObject({
        modelId: 'late',
        expiresAt: '2100-01-01T00:00:00.123Z',
        lastUsedAt: late.createdAt,
        requestCount: 1,
      })
      expect(old).toMatchObject({
        createdAt: '1970-01-01T00:00:00.000Z',
        lastUsedAt: '1970-01-01T00:00:00.000Z',
        expiresAt: null,
        ttlSeconds: null,
      })
      expect(far).toMatchObject({ expiresAt: '9999-12-31T23:59:59.999Z', requestCount: 2 ** 31 - 1 })
      expect(far.ttlSeconds).toBe(2 ** 31 - 1)
    } finally {
      await service.close()
    }
  })

  it('hides no rows of other records if one of its ids cannot be in any database', async () => {
    const service = await startTestApp()
    try {
      await service.redis.client().set(
        `cache_affinity:a\0b:CLAUDE:a\0b`,
        JSON.stringify({
          provider_id: 'p\0',
          endpoint_id: 'e\0',
          key_id: 'k\0',
          created_at: 1,
          expire_at: 2,
          request_count: 1,
        }),
      )
      await untilShown(service)
      const { data, errors } =
        await service.query(`{ affinities(first: 1000, filter: { stale: true }) { totalCount nodes {
        affinityKey apiKey { id } provider { id } endpoint { id } providerKey { id } model { id } staleReasons } } }`)
      expect(errors).toEqual([])
      expect(data.affinities.totalCount).toBe(506 - 70 + 1)
      expect(data.affinities.nodes[0]).toMatchObject({
        affinityKey: 'a\0b',
        apiKey: null,
        staleReasons: [
          'API_KEY_DELETED',
          'PROVIDER_DELETED',
          'ENDPOINT_DELETED',
          'PROVIDER_KEY_DELETED',
          'MODEL_DELETED',
          'MODEL_NOT_AT_PROVIDER',
        ],
      })
    } finally {
      await service.close()
    }
  })
})
