/** Redis keys are bytes. Whatever they are, they are read, listed, counted and cleared, and a dry run says before what a clear does. */
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { stored } from '../affinities/feed/feed-support.js'
import { startTestApp, type TestApp } from '../support/app.js'
import { clear } from './clearing.js'
import { MODES } from './shown.js'

const PREFIX = Buffer.from('cache_affinity:')

/** Parts of a key: plain ones, bytes that are no UTF-8, and bytes that look like the start of a character. */
const part = fc.oneof(
  fc.constantFrom('a-1', 'CLAUDE', 'm').map((text) => Buffer.from(text)),
  fc.uint8Array({ minLength: 1, maxLength: 4 }).map((bytes) => Buffer.from(bytes)),
  fc
    .array(fc.constantFrom(0xff, 0xc3, 0xa9, 0xed, 0xa0, 0x80, 0xef, 0xbf, 0xbd, 0x61), {
      minLength: 1,
      maxLength: 4,
    })
    .map((bytes) => Buffer.from(bytes)),
)
const key = fc
  .array(part, { minLength: 1, maxLength: 4 })
  .map((parts) => Buffer.concat([PREFIX, ...parts.flatMap((each) => [each, Buffer.from(':')]).slice(0, -1)]))
const keys = fc.uniqueArray(key, {
  minLength: 1,
  maxLength: 12,
  selector: (bytes) => bytes.toString('latin1'),
})

describe.each(MODES)('keys of any bytes, %s,', (_mode, env) => {
  let service: TestApp
  beforeAll(async () => {
    service = await startTestApp({ redis: 'empty', env })
  })
  beforeEach(() => service.redis.client().flushall())
  afterAll(() => service.close())

  async function put(all: readonly Buffer[]): Promise<void> {
    await service.redis.client().flushall()
    const pipeline = service.redis.client().pipeline()
    for (const each of all) pipeline.set(each, stored({ provider_id: 'p', api_format: undefined }), 'EX', 600)
    await pipeline.exec()
  }

  /** The clears keep counters of their own. */
  const left = async () => (await service.redis.client().keys('cache_affinity:*')).length

  async function listed(): Promise<
    readonly { id: string; affinityKey: string; apiFormat: string; modelId: string }[]
  > {
    const { data, errors } = await service.query(
      '{ affinities(first: 1000) { totalCount nodes { id affinityKey apiFormat modelId } } }',
    )
    expect(errors).toEqual([])
    expect(data.affinities.nodes).toHaveLength(data.affinities.totalCount)
    return data.affinities.nodes
  }

  /** Clears for good, after a dry run that must foresee the same number. */
  async function cleared(name: Parameters<typeof clear>[1], args: object): Promise<number> {
    const dry = await clear(service, name, { ...args, dryRun: true })
    const real = await clear(service, name, args)
    expect([dry.__typename, dry.clearedCount]).toEqual([real.__typename, real.clearedCount])
    return real.clearedCount
  }

  it('are all listed, each with the bytes of its key as its id, and all cleared', async () => {
    await fc.assert(
      fc.asyncProperty(keys, async (all) => {
        await put(all)
        const nodes = await listed()
        const known = new Set(all.map((bytes) => bytes.toString('base64url')))
        for (const { id } of nodes) expect(known).toContain(id)
        expect(new Set(nodes.map(({ id }) => id)).size).toBe(nodes.length)
        expect(await cleared('clearProviderCache', { providerId: 'p' })).toBe(nodes.length)
        expect(await left()).toBe(all.length - nodes.length)
        // What cannot be taken apart goes with everything.
        expect(await cleared('clearAllCache', { confirm: true })).toBe(all.length - nodes.length)
        expect(await left()).toBe(0)
      }),
      { numRuns: 12 },
    )
  })

  it('are cleared one by one, by what the list shows of them', async () => {
    await fc.assert(
      fc.asyncProperty(keys, async (all) => {
        await put(all)
        for (const { affinityKey, apiFormat, modelId } of await listed()) {
          // A blank selector is refused, whatever it is blank with.
          if ([affinityKey, apiFormat, modelId].some((text) => text.trim() === '')) continue
          const before = await left()
          const filter = { affinityKey, apiFormat, modelId }
          const count = await cleared('clearAffinities', { filter })
          expect(count).toBeGreaterThan(0)
          expect(await left()).toBe(before - count)
        }
      }),
      { numRuns: 8 },
    )
  })
})
