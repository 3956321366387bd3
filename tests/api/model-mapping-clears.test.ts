import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { startBehindProxy } from '../faults/behind-proxy.js'
import { startTestApp, type TestApp } from '../support/app.js'
import { fixtureEntries } from '../support/fixtures.js'
import {
  BROKEN_AFFINITIES,
  type Clear,
  clear,
  contents,
  countKeys,
  expectOnlyCleared,
  FIXTURE_AFFINITIES,
  KEEP_ME,
  reload,
} from './clearing.js'

const NOW = Date.now()
const KEYS = '... on ClearModelMappingPayload { deletedKeys }'
const PROVIDER_GLOBAL = /^model:provider_global:([^:]+):([^:]+)$/
/** The six families as the contract lists them. */
const FAMILIES = /^model:(id|provider_global):|^global_model:(id|name|resolve):/

const family = fixtureEntries()
  .map(({ key }) => key)
  .filter((key) => FAMILIES.test(key))

let service: TestApp
const redis = () => service.redis.client()
beforeAll(async () => {
  service = await startTestApp({ now: () => NOW, env: { CLEAR_GUARD_SECONDS: '0' } })
})
beforeEach(async () => {
  await reload(service, NOW)
})
afterAll(() => service.close())

const expectCleared = async (name: Clear, args: object, gone: readonly string[]) => {
  const done = await expectOnlyCleared(service, name, args, gone, KEYS)
  expect([...done.deletedKeys].sort()).toEqual([...gone].sort())
}

it('everything is cleared only with confirmation', async () => {
  const before = await contents(redis())
  for (const args of [{}, { confirm: false }])
    expect(await clear(service, 'clearAllModelMappingCache', args)).toMatchObject({
      code: 'CONFIRMATION_REQUIRED',
    })
  expect(await contents(redis())).toEqual(before)
})

it('a clear of everything removes the six families, and no other key that begins with model:', async () => {
  expect(family).toHaveLength(137)
  const strangers = [
    'model:',
    'model:idx:1',
    'model:provider_globalX:a:b',
    'global_model:names:x',
    'Xmodel:id:1',
  ]
  for (const key of strangers) await redis().set(key, 'keep me')
  await expectCleared('clearAllModelMappingCache', { confirm: true }, family)
  for (const key of [...KEEP_ME, ...strangers]) expect(await redis().get(key)).toBe('keep me')
  expect(await countKeys(redis(), 'cache_affinity:')).toBe(FIXTURE_AFFINITIES + BROKEN_AFFINITIES)
})

it('a key that expires between the scan and the removal is neither counted nor named', async () => {
  const { service: behind, proxy, client } = await startBehindProxy({ records: 0 })
  const [resolved, named] = ['global_model:resolve:gpt-5', 'global_model:name:gpt-5'] as const
  for (const [name, args] of [
    ['clearModelMappingCacheByName', { modelName: 'gpt-5' }],
    ['clearAllModelMappingCache', { confirm: true }],
  ] as const) {
    for (const key of [resolved, named]) await client.set(key, 'NOT_FOUND')
    proxy.onCommand(['unlink'], async () => {
      await client.del(named)
    })
    expect(await clear(behind, name, args, KEYS)).toMatchObject({ clearedCount: 1, deletedKeys: [resolved] })
  }
})

it('a clear of more than 1,000 keys removes all, and names the first 1,000', async () => {
  const pipeline = redis().pipeline()
  for (let n = 0; n < 2_500; n += 1) pipeline.set(`model:id:${n}`, '{}')
  await pipeline.exec()
  const done = await clear(service, 'clearAllModelMappingCache', { confirm: true }, KEYS)
  expect(done.clearedCount).toBe(2_500 + family.length)
  expect(done.deletedKeys).toHaveLength(1_000)
  expect(await countKeys(redis(), 'model:id:')).toBe(0)
  // The audit row must stay readable.
  expect(done.auditEvent.metadata.result.deletedKeys).toHaveLength(20)
})

it.each(['gpt-5', ' gpt-5\n', 'GPT-5', 'qwen*', 'no/such model', 'qwen3:32b', 'a-list', 'bad-json'])(
  'what the name %j resolves to is cleared, and no name that is like it',
  async (modelName) => {
    const name = modelName.trim()
    const gone = [`global_model:resolve:${name}`, `global_model:name:${name}`].filter((key) =>
      family.includes(key),
    )
    expect(gone.length).toBeGreaterThan(0)
    await expectCleared('clearModelMappingCacheByName', { modelName }, gone)
  },
)

it('a name with blanks around it is cleared by itself, and without them only if none has them', async () => {
  const spaced = ['global_model:resolve: gpt-5 ', 'global_model:name: gpt-5 ']
  for (const key of spaced) await redis().set(key, 'NOT_FOUND')
  const exact = { modelName: ' gpt-5 ' }
  await expectCleared('clearModelMappingCacheByName', exact, spaced)
  const trimmed = ['global_model:resolve:gpt-5', 'global_model:name:gpt-5'].filter((key) =>
    family.includes(key),
  )
  expect(trimmed.length).toBeGreaterThan(0)
  await expectCleared('clearModelMappingCacheByName', exact, trimmed)
})

it.each([
  '*',
  'gpt-?',
  'gpt',
  'weird*[a-z]?\\name',
  'a\0b',
  '\ud800',
  'resolve:gpt-5',
  '../gpt-5',
  'x'.repeat(20_000),
])('a name that is not there clears nothing: %.20j', async (modelName) => {
  await expectCleared('clearModelMappingCacheByName', { modelName }, [])
})

it('how one provider serves one model is cleared with its hit counter', async () => {
  const hits = family.find((key) => key.startsWith('model:provider_global:hits:')) ?? ''
  const entry = hits.replace(':hits:', ':')
  const [, providerId, globalModelId] = PROVIDER_GLOBAL.exec(entry) ?? []
  await expectCleared('clearProviderModelMappingCache', { providerId, globalModelId }, [entry, hits])
  // And once more: there is nothing left.
  await expectCleared('clearProviderModelMappingCache', { providerId, globalModelId }, [])
})

it('how one provider serves one model is cleared without a hit counter as well', async () => {
  const entry = family.find((key) => {
    const [, provider, model] = PROVIDER_GLOBAL.exec(key) ?? []
    return provider && !family.includes(`model:provider_global:hits:${provider}:${model}`)
  })
  const [, providerId, globalModelId] = PROVIDER_GLOBAL.exec(entry ?? '') ?? []
  await expectCleared('clearProviderModelMappingCache', { providerId, globalModelId }, [entry ?? ''])
})

it.each([
  ['clearModelMappingCacheByName', { modelName: ' ' }, 'modelName'],
  ['clearProviderModelMappingCache', { providerId: '', globalModelId: 'x' }, 'providerId'],
  ['clearProviderModelMappingCache', { providerId: 'x', globalModelId: '\t' }, 'globalModelId'],
  // It would name the hit counter of another pair.
  ['clearProviderModelMappingCache', { providerId: 'hits:x', globalModelId: 'y' }, 'providerId'],
  ['clearProviderModelMappingCache', { providerId: 'x', globalModelId: 'y:z' }, 'globalModelId'],
] as const)('%s refuses %j', async (name, args, field) => {
  for (const dryRun of [true, false])
    expect(await clear(service, name, { ...args, dryRun })).toMatchObject({ code: 'INVALID_INPUT', field })
})

it('each key counts once, however many clear at once', async () => {
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => clear(service, 'clearAllModelMappingCache', { confirm: true })),
  )
  expect(answers.reduce((sum, { clearedCount }) => sum + clearedCount, 0)).toBe(family.length)
})
