import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { startBehindProxy } from '../faults/behind-proxy.js'
import { startTestApp, type TestApp } from '../support/app.js'
import { fixtureEntries } from '../support/fixtures.js'
import {
  expectedPins,
  type Filter,
  fixturePins,
  type Pin,
  type Rows,
  readRows,
  sql,
  userOf,
} from './affinity-model.js'
import {
  BROKEN_AFFINITIES,
  type Clear,
  COUNTERS,
  clear,
  contents,
  countKeys,
  expectOnlyCleared,
  FIXTURE_AFFINITIES,
  KEEP_ME,
  reload,
  seen,
} from './clearing.js'

const NOW = Date.now()
const ANTHROPIC = '42a90167-8c53-4a24-b4e4-2b0c84578881'
const DELETED_PROVIDER = 'ae53fd71-4f59-4861-8a41-937e366f55bf'
const HEIDIS_KEY = '735dc327-1ce2-42d6-ab4c-0859d26542ee'

let service: TestApp
let rows: Rows
const pins = fixturePins(NOW)
const redis = () => service.redis.client()

beforeAll(async () => {
  // Without the guard: it would take the fixtures that the next test loads for a gateway's write-back.
  service = await startTestApp({ now: () => NOW, env: { CLEAR_GUARD_SECONDS: '0' } })
  rows = await readRows(service.databaseUrl)
})
beforeEach(async () => {
  await reload(service, NOW)
})
afterAll(() => service.close())

const userNamed = (username: string) => {
  const user = [...rows.users.values()].find((row) => row['username'] === username)
  if (!user) throw new Error(`The fixtures have no user ${username}.`)
  return user
}
const ownedBy = (username: string) => pins.filter((pin) => userOf(pin, rows)?.id === userNamed(username).id)
const matching = (filter: Filter) => expectedPins(pins, rows, NOW, { filter })

const expectCleared = (name: Clear, args: object, gone: readonly string[], fields = '') =>
  expectOnlyCleared(service, name, args, gone, fields)

const keysOf = (gone: readonly Pin[]) => gone.map(({ key }) => key)

describe('clearUserCache', () => {
  it.each(['100%_real', 'under_score', "o'brien", '张伟', 'bob', 'heidi'])(
    'clears every affinity of %s by username, and nobody else’s',
    async (username) => {
      const fields = '... on ClearUserCachePayload { user { username } apiKey { id } }'
      const done = await expectCleared(
        'clearUserCache',
        { identifier: username },
        keysOf(ownedBy(username)),
        fields,
      )
      expect(done).toMatchObject({
        user: { username },
        apiKey: null,
        auditEvent: { action: 'cache_clear_user' },
      })
    },
  )

  it('takes a user id, an email, and blanks around either', async () => {
    const bob = userNamed('bob')
    for (const identifier of [bob.id, String(bob['email']), `  ${bob['email']}\n`]) {
      await reload(service, NOW)
      await expectCleared('clearUserCache', { identifier }, keysOf(ownedBy('bob')))
    }
  })

  it('clears one API key’s affinities by its id, and not those of its user’s other keys', async () => {
    const gone = keysOf(pins.filter((pin) => pin.affinityKey === HEIDIS_KEY))
    expect(gone.length).toBeGreaterThan(0)
    const fields = '... on ClearUserCachePayload { user { username } apiKey { id } }'
    const done = await expectCleared('clearUserCache', { identifier: HEIDIS_KEY }, gone, fields)
    expect(done).toMatchObject({
      user: { username: 'heidi' },
      apiKey: { id: HEIDIS_KEY },
      auditEvent: { action: 'cache_clear_api_key' },
    })
  })

  it('clears 0 for a user without records', async () => {
    const idle = [...rows.users.values()].find(
      (row) => !pins.some((pin) => userOf(pin, rows)?.id === row.id) && String(row['username']).trim(),
    )
    await expectCleared('clearUserCache', { identifier: idle?.id }, [])
  })

  it.each(['nobody', '*', '%', '_', 'bo', 'BOB', 'cache_affinity:', "' OR 1=1 --", '["bob"]'])(
    'does not find %s: only exact names count',
    async (identifier) => {
      const before = await contents(redis())
      expect(await clear(service, 'clearUserCache', { identifier })).toMatchObject({
        __typename: 'NotFoundError',
        code: 'NOT_FOUND',
      })
      expect(await contents(redis())).toEqual(before)
    },
  )

  it.each(['', ' ', '\n\t', 'a\0b', 'x'.repeat(256)])('refuses %j', async (identifier) => {
    expect(await clear(service, 'clearUserCache', { identifier })).toMatchObject({
      __typename: 'InvalidInputError',
      code: 'INVALID_INPUT',
      field: 'identifier',
    })
    expect(await countKeys(redis(), 'cache_affinity:')).toBe(FIXTURE_AFFINITIES + BROKEN_AFFINITIES)
  })
})

describe('clearProviderCache', () => {
  const PROVIDER = '... on ClearProviderCachePayload { providerId provider { id } }'
  const pinnedTo = (providerId: string) => keysOf(pins.filter((pin) => pin.providerId === providerId))

  it('clears every affinity pinned to a provider', async () => {
    const gone = pinnedTo(ANTHROPIC)
    expect(gone.length).toBeGreaterThan(100)
    const done = await expectCleared('clearProviderCache', { providerId: ANTHROPIC }, gone, PROVIDER)
    expect(done).toMatchObject({ providerId: ANTHROPIC, provider: { id: ANTHROPIC } })
  })

  it('clears those of a provider whose row is gone', async () => {
    const gone = pinnedTo(DELETED_PROVIDER)
    expect(gone.length).toBeGreaterThan(0)
    const done = await expectCleared('clearProviderCache', { providerId: DELETED_PROVIDER }, gone, PROVIDER)
    expect(done).toMatchObject({ providerId: DELETED_PROVIDER, provider: null })
  })

  it.each([
    'unknown',
    '*',
    '?',
    ANTHROPIC.toUpperCase(),
    `${ANTHROPIC} `,
    `${ANTHROPIC.slice(0, -1)}?`,
    'a\0b',
  ])('clears 0 for %j, which no record is pinned to', async (providerId) => {
    await expectCleared('clearProviderCache', { providerId }, [], PROVIDER)
  })

  it('refuses a blank id', async () => {
    expect(await clear(service, 'clearProviderCache', { providerId: ' ' })).toMatchObject({
      code: 'INVALID_INPUT',
      field: 'providerId',
    })
    expect(await countKeys(redis(), 'cache_affinity:')).toBe(FIXTURE_AFFINITIES + BROKEN_AFFINITIES)
  })
})

describe('clearAffinities', () => {
  const some = pins[7]
  if (!some) throw new Error('The fixtures have affinities.')
  const filters: readonly Filter[] = [
    { affinityKey: some.affinityKey },
    { providerId: some.providerId },
    { endpointId: some.endpointId },
    { providerKeyId: some.providerKeyId },
    { modelId: some.modelId },
    { apiFormat: some.apiFormat },
    { affinityKey: some.affinityKey, providerId: some.providerId, apiFormat: some.apiFormat },
    { stale: true },
    { stale: false, providerId: ANTHROPIC },
    { stale: true, apiFormat: some.apiFormat },
    { modelId: 'llama3:8b' },
    { modelId: 'weird*[a-z]?\\name' },
    { modelId: '模型/一' },
  ]

  it.each(filters.map((filter) => [JSON.stringify(filter), filter] as const))(
    'clears what %s names, and no more',
    async (_name, filter) => {
      const gone = keysOf(matching(filter))
      expect(gone.length).toBeGreaterThan(0)
      await expectCleared('clearAffinities', { filter }, gone)
    },
  )

  it('clears one user’s, whatever their keys', async () => {
    const gone = keysOf(ownedBy('bob'))
    await expectCleared('clearAffinities', { filter: { userId: userNamed('bob').id } }, gone)
  })

  it('takes a field that is null for one that is not there', async () => {
    const gone = keysOf(matching({ modelId: 'llama3:8b' }))
    await expectCleared(
      'clearAffinities',
      { filter: { modelId: 'llama3:8b', userId: null, stale: null } },
      gone,
    )
  })

  it('takes names for data, where each other name would match a pattern', async () => {
    const like = ['weirdXa1name', 'weird*a?\\name', 'weird*[a-z]?name', 'weird', '*']
    const owner = `cache_affinity:${HEIDIS_KEY}:CLAUDE:`
    const value = (await redis().get(`${owner}llama3:8b`)) ?? ''
    for (const name of like) await redis().set(`${owner}${name}`, value, 'EX', 3_000)
    await seen(service, '', FIXTURE_AFFINITIES + like.length)
    await expectCleared('clearAffinities', { filter: { modelId: 'weird*[a-z]?\\name' } }, [
      `${owner}weird*[a-z]?\\name`,
    ])
    await expectCleared('clearAffinities', { filter: { modelId: '*' } }, [`${owner}*`])
  })

  it.each([
    { modelId: '*' },
    { providerId: 'unknown' },
    { userId: 'unknown' },
    { affinityKey: '*' },
    { apiFormat: 'claude' },
    { providerId: 'a\0b', userId: '\0' },
  ])('clears 0 where nothing matches: %j', async (filter) => {
    await expectCleared('clearAffinities', { filter }, [])
  })

  it.each([
    [{}, 'filter'],
    [{ providerId: null, stale: null }, 'filter'],
    [{ providerId: '' }, 'filter.providerId'],
    [{ providerId: ANTHROPIC, modelId: ' \t' }, 'filter.modelId'],
    [{ userId: ' ' }, 'filter.userId'],
  ])('refuses %j: an empty selector never means all', async (filter, field) => {
    for (const dryRun of [true, false]) {
      expect(await clear(service, 'clearAffinities', { filter, dryRun })).toMatchObject({
        __typename: 'InvalidInputError',
        code: 'INVALID_INPUT',
        field,
      })
    }
    expect(await countKeys(redis(), 'cache_affinity:')).toBe(FIXTURE_AFFINITIES + BROKEN_AFFINITIES)
  })
})

describe('clearAllCache', () => {
  it('asks for confirmation, and clears nothing without', async () => {
    const before = await contents(redis())
    for (const args of [{}, { confirm: false }, { confirm: false, dryRun: false }]) {
      expect(await clear(service, 'clearAllCache', args)).toMatchObject({
        __typename: 'ConfirmationRequiredError',
        code: 'CONFIRMATION_REQUIRED',
      })
    }
    expect(await contents(redis())).toEqual(before)
  })

  it('clears the whole family, values that cannot be read included, and nothing else', async () => {
    const family = fixtureEntries()
      .map(({ key }) => key)
      .filter((key) => key.startsWith('cache_affinity:'))
    expect(family).toHaveLength(FIXTURE_AFFINITIES + BROKEN_AFFINITIES)
    await expectCleared('clearAllCache', { confirm: true }, family)
    for (const key of KEEP_ME) expect(await redis().get(key)).toBe('keep me')
  })

  it('leaves the family that newer gateways write, and those that only look alike', async () => {
    const others = ['scheduler_affinity:v3:a:b:c:d:e', 'cache_affinityX:a:b:c', 'CACHE_AFFINITY:a:b:c']
    for (const key of others) await redis().set(key, 'keep me')
    await clear(service, 'clearAllCache', { confirm: true })
    expect(await countKeys(redis(), 'cache_affinity:')).toBe(0)
    for (const key of [...others, ...KEEP_ME]) expect(await redis().get(key)).toBe('keep me')
  })

  it('clears 0 of an empty cache', async () => {
    await redis().flushall()
    expect(await clear(service, 'clearAllCache', { confirm: true })).toMatchObject({ clearedCount: 0 })
  })
})

describe('clearSingleAffinity', () => {
  const named = ({ affinityKey, endpointId, modelId, apiFormat }: Pin) => ({
    affinityKey,
    endpointId,
    modelId,
    apiFormat,
  })
  const ID = '... on ClearSingleAffinityPayload { affinityId }'
  const pinOf = (modelId: string): Pin => {
    const pin = pins.find((one) => one.modelId === modelId)
    if (!pin) throw new Error(`The fixtures have no ${modelId}.`)
    return pin
  }

  it.each(['llama3:8b', 'weird*[a-z]?\\name', '模型/一', 'no-fields'])(
    'clears one affinity, of %s, and tells its id',
    async (modelId) => {
      const pin = pinOf(modelId)
      const { data } = await service.query(
        'query ($filter: AffinityFilter) { affinities(filter: $filter) { nodes { id } } }',
        { filter: { modelId, affinityKey: pin.affinityKey, apiFormat: pin.apiFormat } },
      )
      const done = await expectCleared('clearSingleAffinity', named(pin), [pin.key], ID)
      expect(done.affinityId).toBe(data.affinities.nodes[0].id)
      expect(await clear(service, 'clearSingleAffinity', named(pin))).toMatchObject({ code: 'NOT_FOUND' })
    },
  )

  it('finds nothing at another endpoint, format, model or key', async () => {
    const pin = pinOf('llama3:8b')
    const before = await contents(redis())
    const wrong = [
      { endpointId: pin.endpointId.toUpperCase() },
      { endpointId: '*' },
      { modelId: 'llama3' },
      { modelId: '*' },
      { modelId: 'llama3:8b ' },
      { apiFormat: 'claude' },
      { apiFormat: '*' },
      { affinityKey: '*' },
      { affinityKey: 'a\0b' },
    ]
    for (const part of wrong) {
      for (const dryRun of [true, false]) {
        const answer = await clear(service, 'clearSingleAffinity', { ...named(pin), ...part, dryRun })
        expect(answer, JSON.stringify(part)).toMatchObject({ code: 'NOT_FOUND' })
      }
    }
    expect(await contents(redis())).toEqual(before)
  })

  it('finds nothing where the value is broken or of another type', async () => {
    const owner = '813547e2-5937-41f0-8401-82fcdb14a009'
    for (const modelId of ['broken-json', 'array', 'missing-field', 'a-list']) {
      for (const dryRun of [true, false]) {
        const args = { affinityKey: owner, endpointId: 'x', modelId, apiFormat: 'CLAUDE', dryRun }
        expect(await clear(service, 'clearSingleAffinity', args)).toMatchObject({ code: 'NOT_FOUND' })
      }
    }
    expect(await countKeys(redis(), `cache_affinity:${owner}:CLAUDE:`)).toBeGreaterThanOrEqual(4)
  })

  it.each(['affinityKey', 'endpointId', 'modelId', 'apiFormat'] as const)(
    'refuses a blank %s',
    async (field) => {
      const args = { ...named(pinOf('llama3:8b')), [field]: ' ' }
      expect(await clear(service, 'clearSingleAffinity', args)).toMatchObject({
        code: 'INVALID_INPUT',
        field,
      })
    },
  )

  it('takes nothing where the parts name another record that has the same key', async () => {
    const { affinityKey, apiFormat, ...pin } = named(pinOf('llama3:8b'))
    const inKey = { ...pin, affinityKey: `${affinityKey}:${apiFormat}`, apiFormat: 'llama3', modelId: '8b' }
    expect(await clear(service, 'clearSingleAffinity', inKey)).toMatchObject({
      code: 'INVALID_INPUT',
      field: 'affinityKey',
    })
    // A format may hold a colon, but the record under this key has another one.
    const inFormat = { ...pin, affinityKey, apiFormat: `${apiFormat}:llama3`, modelId: '8b' }
    expect(await clear(service, 'clearSingleAffinity', inFormat)).toMatchObject({ code: 'NOT_FOUND' })
    expect(await redis().exists(pinOf('llama3:8b').key)).toBe(1)
  })

  it('leaves a record that was re-pinned between the look and the delete', async () => {
    const pin = pinOf('llama3:8b')
    const { service: behind, proxy, client } = await startBehindProxy()
    const moved = JSON.stringify({
      ...JSON.parse((await client.get(pin.key)) ?? ''),
      endpoint_id: 'another endpoint',
    })
    let looked = false
    proxy.onCommand(['removal'], async () => {
      looked = true
      await client.set(pin.key, moved, 'KEEPTTL')
    })
    expect(await clear(behind, 'clearSingleAffinity', named(pin))).toMatchObject({ code: 'NOT_FOUND' })
    expect(looked).toBe(true)
    expect(await client.get(pin.key)).toBe(moved)
    // Seen at its new endpoint, it goes.
    const there = { ...named(pin), endpointId: 'another endpoint' }
    expect(await clear(behind, 'clearSingleAffinity', there)).toMatchObject({ clearedCount: 1 })
    expect(await client.exists(pin.key)).toBe(0)
  })
})

describe('many clears at once', () => {
  const total = (answers: readonly { clearedCount: number }[]) =>
    answers.reduce((sum, { clearedCount }) => sum + clearedCount, 0)

  it('count each record once: the same clear twenty times', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => clear(service, 'clearProviderCache', { providerId: ANTHROPIC })),
    )
    expect(total(answers)).toBe(pins.filter((pin) => pin.providerId === ANTHROPIC).length)
    await reload(service, NOW)
    const all = await Promise.all(
      Array.from({ length: 20 }, () => clear(service, 'clearAllCache', { confirm: true })),
    )
    expect(total(all)).toBe(FIXTURE_AFFINITIES + BROKEN_AFFINITIES)
  })

  it('count each record once: different clears that overlap', async () => {
    const answers = await Promise.all([
      clear(service, 'clearAffinities', { filter: { stale: true } }),
      clear(service, 'clearProviderCache', { providerId: ANTHROPIC }),
      clear(service, 'clearUserCache', { identifier: 'bob' }),
      clear(service, 'clearAllCache', { confirm: true }),
    ])
    expect(total(answers)).toBe(FIXTURE_AFFINITIES + BROKEN_AFFINITIES)
    expect(await countKeys(redis(), 'cache_affinity:')).toBe(0)
  })

  it('add up in the gateways’ own count of invalidations', async () => {
    const count = async () => Number(await redis().hget(COUNTERS, 'cache_invalidations'))
    const before = await count()
    await Promise.all([
      clear(service, 'clearProviderCache', { providerId: ANTHROPIC }),
      clear(service, 'clearUserCache', { identifier: 'bob' }),
      clear(service, 'clearAllCache', { confirm: true, dryRun: true }),
    ])
    const left = await countKeys(redis(), 'cache_affinity:')
    expect((await count()) - before).toBe(FIXTURE_AFFINITIES + BROKEN_AFFINITIES - left)
  })

  it('succeed even if the gateways’ count of invalidations cannot be raised', async () => {
    await redis().set(COUNTERS, 'not a hash')
    const done = await clear(service, 'clearUserCache', { identifier: 'bob' })
    expect(done.clearedCount).toBe(ownedBy('bob').length)
    expect(await redis().get(COUNTERS)).toBe('not a hash')
  })

  it('have no effect on the gateway’s database but their audit rows', async () => {
    const tables = ['users', 'api_keys', 'providers', 'provider_endpoints', 'provider_api_keys', 'models']
    const state = async () =>
      Promise.all(
        tables.map((name) =>
          sql(service.databaseUrl, `SELECT md5(string_agg(t::text, '' ORDER BY id)) AS sum FROM ${name} t`),
        ),
      )
    const before = await state()
    await clear(service, 'clearAllCache', { confirm: true })
    expect(await state()).toEqual(before)
  })
})

describe.each([
  ['with the live index', {}],
  ['with scans', { AFFINITY_INDEX: 'off' }],
])('%s', (_name, env) => {
  it('a clear answers with what is left, and the next of its document counts that', async () => {
    const other = await startTestApp({ now: () => NOW, env: { CLEAR_GUARD_SECONDS: '0', ...env } })
    onTestFinished(() => other.close())
    const mutation = `mutation ($id: ID!) {
      before: clearProviderCache(providerId: $id, dryRun: true) { ...what }
      now: clearProviderCache(providerId: $id) { ...what }
      after: clearProviderCache(providerId: $id, dryRun: true) { ...what }
    }
    fragment what on ClearProviderCachePayload { clearedCount provider { affinityCount } }`
    const { data, errors } = await other.query(mutation, { id: ANTHROPIC })
    const count = matching({ providerId: ANTHROPIC }).length
    expect(errors).toEqual([])
    expect(data).toEqual({
      before: { clearedCount: count, provider: { affinityCount: count } },
      now: { clearedCount: count, provider: { affinityCount: 0 } },
      after: { clearedCount: 0, provider: { affinityCount: 0 } },
    })
  })
})
