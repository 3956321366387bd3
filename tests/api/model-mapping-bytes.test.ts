import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { decodeKey } from '../../src/util/key-bytes.js'
import { startTestApp, type TestApp } from '../support/app.js'
import { clear } from './clearing.js'

const KEYS = '... on ClearModelMappingPayload { deletedKeys }'

let service: TestApp
const redis = () => service.redis.client()
beforeAll(async () => {
  service = await startTestApp({ redis: 'empty', env: { CLEAR_GUARD_SECONDS: '0' } })
})
beforeEach(() => redis().flushall())
afterAll(() => service.close())

/** Any bytes, also such as are not UTF-8; neither empty nor of blanks alone. */
const name = fc
  .array(
    fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 3 }),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 3 }).map((text) => Buffer.from(text)),
      fc.constantFrom(
        Buffer.from('模型/一'),
        Buffer.of(0xff),
        Buffer.of(0xe4, 0xb8),
        Buffer.of(0),
        Buffer.from(' '),
      ),
    ),
    { minLength: 1, maxLength: 3 },
  )
  .map((parts) => Buffer.concat(parts.map((part) => Buffer.from(part))))
  .filter((bytes) => decodeKey(bytes).trim() !== '')

const key = (family: string, bytes: Buffer) => Buffer.concat([Buffer.from(family), bytes])

it('names of any bytes are listed, counted and cleared, each as the dry run says', {
  timeout: 60_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(name, { selector: (bytes) => bytes.toString('hex'), maxLength: 4 }),
      async (names) => {
        await redis().flushall()
        for (const bytes of names) {
          await redis().set(key('global_model:resolve:', bytes), 'NOT_FOUND')
          await redis().set(key('global_model:name:', bytes), '{}')
        }
        const { data, errors } = await service.query(
          '{ unmappedEntries { nodes { mappingName } } modelMappingStats { totalKeys } }',
        )
        expect(errors).toEqual([])
        expect(data.modelMappingStats.totalKeys).toBe(2 * names.length)
        const listed: string[] = data.unmappedEntries.nodes.map(
          (node: { mappingName: string }) => node.mappingName,
        )
        expect(listed).toEqual(names.map(decodeKey).sort())

        const all = { confirm: true, dryRun: true }
        expect(await clear(service, 'clearAllModelMappingCache', all)).toMatchObject({
          clearedCount: 2 * names.length,
        })
        for (const modelName of listed) {
          const dry = await clear(service, 'clearModelMappingCacheByName', { modelName, dryRun: true }, KEYS)
          const done = await clear(service, 'clearModelMappingCacheByName', { modelName }, KEYS)
          expect(dry).toMatchObject({ clearedCount: 2 })
          expect(done).toMatchObject({ clearedCount: 2, deletedKeys: dry.deletedKeys })
        }
        expect(await redis().dbsize()).toBe(0)
      },
    ),
    { numRuns: 40 },
  )
})

it('all of them are cleared at once, and nothing that only looks like them', async () => {
  const odd = Buffer.of(0xff, 0xfe, 0xe4)
  const stranger = key('model:', odd)
  await redis().set(stranger, 'keep me')
  await redis().set(key('global_model:resolve:', odd), 'NOT_FOUND')
  await redis().set(Buffer.concat([Buffer.from('model:provider_global:'), odd, Buffer.from(':g')]), '{}')
  await redis().set(Buffer.concat([Buffer.from('model:provider_global:hits:'), odd, Buffer.from(':g')]), '7')
  const dry = await clear(service, 'clearAllModelMappingCache', { confirm: true, dryRun: true })
  const done = await clear(service, 'clearAllModelMappingCache', { confirm: true })
  expect([dry.clearedCount, done.clearedCount]).toEqual([3, 3])
  expect(await redis().get(stranger)).toBe('keep me')
  expect(await redis().dbsize()).toBe(1)
})

it('an entry of a provider whose id is not UTF-8 is cleared by that id', async () => {
  const odd = Buffer.of(0x70, 0xff)
  const entry = Buffer.concat([Buffer.from('model:provider_global:'), odd, Buffer.from(':g')])
  const other = Buffer.from('model:provider_global:p\ufffd:g')
  for (const each of [entry, other]) await redis().set(each, '{}')
  const args = { providerId: decodeKey(odd), globalModelId: 'g' }
  const dry = await clear(service, 'clearProviderModelMappingCache', { ...args, dryRun: true })
  expect(dry.clearedCount).toBe(1)
  expect((await clear(service, 'clearProviderModelMappingCache', args)).clearedCount).toBe(1)
  expect(await redis().exists(entry)).toBe(0)
  expect(await redis().exists(other)).toBe(1)
})
