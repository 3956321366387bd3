import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { AffinityRecord, BrokenReason } from '../../src/affinities/affinity-record.js'
import type { AffinityStore, StorageType } from '../../src/affinities/affinity-store.js'

/** A running backend with the means to put anything into it, as a gateway or a stranger would. */
export interface Backend {
  readonly store: AffinityStore
  /** Stores strings; without `ttlSeconds` they stay. */
  put(values: Readonly<Record<string, string>>, ttlSeconds?: number): Promise<void>
  /** Stores, under each key, a value of another type than a string; as many types as the backend has. */
  putOtherTypes(prefix: string): Promise<string[]>
  delete(keys: readonly string[]): Promise<void>
  /** Lets the keys that have a TTL run out, and returns at once. */
  runOut(keys: readonly string[]): Promise<void>
  /** Every key with its value and whether it expires. */
  dump(): Promise<unknown>
  clear(): Promise<void>
  stop(): Promise<void>
}

export interface Read {
  readonly records: readonly AffinityRecord[]
  readonly broken: ReadonlyMap<string, BrokenReason>
}

/** One full read; a key that came twice fails the test. */
export async function readAll(store: AffinityStore): Promise<Read> {
  const records: AffinityRecord[] = []
  const broken = new Map<string, BrokenReason>()
  const seen = new Set<string>()
  for await (const batch of store.readAll()) {
    for (const { key } of [...batch.records, ...batch.broken]) {
      // Vitest would copy the set to look into it: a quadratic cost.
      if (seen.has(key)) expect.fail(`${key} comes twice`)
      seen.add(key)
    }
    records.push(...batch.records)
    for (const { key, reason } of batch.broken) broken.set(key, reason)
  }
  return { records, broken }
}

export const keysOf = (records: readonly AffinityRecord[]): string[] => records.map(({ key }) => key).sort()

const GOOD = {
  provider_id: 'p-1',
  endpoint_id: 'e-1',
  key_id: 'k-1',
  api_format: 'CLAUDE',
  model_name: 'm-1',
  created_at: 1_700_000_000.25,
  expire_at: 1_700_000_300.5,
  request_count: 7,
}

/** What a gateway stores, with some fields replaced; `undefined` leaves a field out. */
export const stored = (fields: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({ ...GOOD, ...fields })

const LATER = 3_600
const GOOD_KEY = 'cache_affinity:a-1:CLAUDE:m-1'

type Broken = [what: string, value: string, reason: BrokenReason]

const BROKEN: readonly Broken[] = [
  ['nothing', '', 'not JSON'],
  ['bad JSON', '{not json', 'not JSON'],
  ['NaN, as Python writes it', stored().replace('1700000000.25', 'NaN'), 'not JSON'],
  ['Infinity, as Python writes it', stored().replace('1700000300.5', 'Infinity'), 'not JSON'],
  ['100,000 opening brackets', '['.repeat(100_000), 'not JSON'],
  ['an array', '[1,2]', 'not an affinity'],
  ['an array of affinities', `[${stored()}]`, 'not an affinity'],
  ['null', 'null', 'not an affinity'],
  ['a number', '42', 'not an affinity'],
  ['a string', JSON.stringify(stored()), 'not an affinity'],
  ...['provider_id', 'endpoint_id', 'key_id', 'created_at', 'expire_at', 'request_count'].map(
    (field): Broken => [`no ${field}`, stored({ [field]: undefined }), 'not an affinity'],
  ),
  ['a list where a string belongs', stored({ provider_id: ['p-1'] }), 'not an affinity'],
  ['an object where a string belongs', stored({ key_id: { id: 'k-1' } }), 'not an affinity'],
  ['a number where a string belongs', stored({ endpoint_id: 1 }), 'not an affinity'],
  ['null where a string belongs', stored({ endpoint_id: null }), 'not an affinity'],
  ['a count as a string', stored({ request_count: '7' }), 'not an affinity'],
  ['a time as a string', stored({ created_at: '1700000000' }), 'not an affinity'],
  ['a negative count', stored({ request_count: -1 }), 'not an affinity'],
  ['half a request', stored({ request_count: 0.5 }), 'not an affinity'],
  ['a negative time', stored({ created_at: -1 }), 'not an affinity'],
  ['a time after the year 9999', stored({ expire_at: 253_402_300_800 }), 'not an affinity'],
  ['a time in milliseconds', stored({ expire_at: 1_700_000_300_500 }), 'not an affinity'],
  ['an infinite time', stored().replace('1700000300.5', '1e999'), 'not an affinity'],
  ['fields in __proto__', `{"__proto__":${stored()}}`, 'not an affinity'],
  ['5 MB of text', 'x'.repeat(5_000_000), 'not JSON'],
  ['5 MB of JSON', JSON.stringify(['x'.repeat(5_000_000)]), 'not an affinity'],
]

const component = fc
  .array(
    fc.oneof(
      fc.constantFrom('*', '?', '[', ']', '\\', '/', ' ', '模型', 'ë', '😀', '__proto__'),
      fc.string({ unit: 'binary', maxLength: 5 }),
    ),
    { maxLength: 4 },
  )
  .map((pieces) => pieces.join(''))
const withoutColon = component.map((text) => text.replaceAll(':', ''))
// JSON has no -0.
const seconds = fc.double({ min: 0, max: 253_402_300_799, noNaN: true }).map((value) => value + 0)
const anyAffinity = fc.record({
  affinityKey: withoutColon,
  apiFormat: withoutColon,
  modelId: fc.array(component, { maxLength: 3 }).map((parts) => parts.join(':')),
  providerId: component,
  endpointId: component,
  providerKeyId: component,
  family: fc.constant('cache_affinity'),
  requestCount: fc.nat({ max: 2 ** 31 - 1 }),
  createdAt: seconds,
  writtenExpiry: seconds,
})

/** What every affinity store does, whatever it stores in. */
export function affinityStoreContract(storageType: StorageType, start: () => Promise<Backend>): void {
  let backend: Backend
  beforeAll(async () => {
    backend = await start()
  })
  beforeEach(() => backend.clear())
  afterAll(() => backend.stop())

  it('says what it is', () => {
    expect(backend.store.storageType).toBe(storageType)
  })

  it('reads an empty cache as no affinities', async () => {
    expect(await readAll(backend.store)).toEqual({ records: [], broken: new Map() })
  })

  it('reads an affinity with exactly the values that the gateway stored', async () => {
    await backend.put({ 'cache_affinity:a-1:CLAUDE:llama3:8b': stored({ model_name: 'llama3:8b' }) })
    expect((await readAll(backend.store)).records).toEqual([
      {
        key: 'cache_affinity:a-1:CLAUDE:llama3:8b',
        affinityKey: 'a-1',
        apiFormat: 'CLAUDE',
        modelId: 'llama3:8b',
        providerId: 'p-1',
        endpointId: 'e-1',
        providerKeyId: 'k-1',
        family: 'cache_affinity',
        requestCount: 7,
        createdAt: 1_700_000_000.25,
        expiresAt: Number.POSITIVE_INFINITY,
        writtenExpiry: 1_700_000_300.5,
      },
    ])
  })

  it('reads any affinities, each once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyAffinity, { maxLength: 12 }), async (affinities) => {
        const expected = new Map<string, AffinityRecord>()
        const values: Record<string, string> = {}
        for (const affinity of affinities) {
          const key = `cache_affinity:${affinity.affinityKey}:${affinity.apiFormat}:${affinity.modelId}`
          expected.set(key, { key, ...affinity, expiresAt: Number.POSITIVE_INFINITY })
          values[key] = stored({
            provider_id: affinity.providerId,
            endpoint_id: affinity.endpointId,
            key_id: affinity.providerKeyId,
            created_at: affinity.createdAt,
            expire_at: affinity.writtenExpiry,
            request_count: affinity.requestCount,
          })
        }
        await backend.clear()
        await backend.put(values)
        const { records, broken } = await readAll(backend.store)
        expect(broken).toEqual(new Map())
        expect(new Map(records.map((record) => [record.key, record]))).toEqual(expected)
      }),
      { numRuns: 40 },
    )
  })

  it('reads thousands of affinities, each once, among as many keys of others', async () => {
    const keys = Array.from({ length: 7_000 }, (_, n) => `cache_affinity:a-${n}:OPENAI:gpt-5`)
    await backend.put(Object.fromEntries(keys.map((key) => [key, stored()])))
    await backend.put(Object.fromEntries(keys.map((_, n) => [`session:${n}`, 'keep me'])))
    expect(keysOf((await readAll(backend.store)).records)).toEqual([...keys].sort())
  })

  it('reads, names and removes the records of every family, and no version that it does not know', async () => {
    const tail = `codex:${'0a'.repeat(32)}`
    const keys = [
      'cache_affinity:a-1:openai:chat:llama3:8b',
      'scheduler_affinity:a-1:openai:chat:llama3:8b',
      `scheduler_affinity:v2:a-1:openai:chat:llama3:8b:${tail}`,
    ]
    const bad = `scheduler_affinity:v2:a-1:openai:chat:m:${tail.slice(0, -1)}`
    const foreign = `scheduler_affinity:v3:a-1:openai:chat:m:${tail}`
    const value = stored({ api_format: undefined, model_name: undefined, scheduler_affinity_epoch: 7 })
    await backend.put(Object.fromEntries([...keys, bad, foreign].map((key) => [key, value])))
    const { records, broken } = await readAll(backend.store)
    expect(keysOf(records)).toEqual([...keys].sort())
    for (const record of records) {
      expect(record).toMatchObject({ affinityKey: 'a-1', apiFormat: 'openai:chat', modelId: 'llama3:8b' })
    }
    expect(broken).toEqual(new Map([[bad, 'unknown key form']]))
    expect(await backend.store.removePins(records)).toEqual({ removed: 3, changed: [] })
    const left: string[] = []
    for await (const some of backend.store.allKeys()) left.push(...some)
    expect(left).toEqual([bad])
    expect(await backend.store.remove(left)).toBe(1)
    expect(JSON.stringify(await backend.dump())).toContain('scheduler_affinity:v3')
  })

  it('takes the API format and the model from the key where the value lacks them', async () => {
    const key = 'cache_affinity:a-1:GEMINI_CLI:gemini:2.5'
    await backend.put({ [key]: stored({ api_format: undefined, model_name: undefined }) })
    expect((await readAll(backend.store)).records).toMatchObject([
      { key, affinityKey: 'a-1', apiFormat: 'GEMINI_CLI', modelId: 'gemini:2.5' },
    ])
  })

  it('believes the key where the value names another model: by the key it is shown and cleared', async () => {
    const key = 'cache_affinity:a-1:CLAUDE:m-1'
    await backend.put({ [key]: stored({ api_format: 'OPENAI', model_name: 'm-2' }) })
    expect((await readAll(backend.store)).records).toMatchObject([{ apiFormat: 'CLAUDE', modelId: 'm-1' }])
  })

  it('shows a count beyond GraphQL’s Int as the largest Int', async () => {
    for (const count of [2 ** 31 - 1, 2 ** 31, 2 ** 53 - 1]) {
      await backend.put({ [GOOD_KEY]: stored({ request_count: count }) })
      const { records } = await readAll(backend.store)
      expect(records[0]?.requestCount, String(count)).toBe(2 ** 31 - 1)
    }
  })

  it('reads a record of 5 MB like any other', async () => {
    await backend.put({ [GOOD_KEY]: stored({ note: 'x'.repeat(5_000_000) }) })
    expect((await readAll(backend.store)).records).toMatchObject([{ key: GOOD_KEY, providerId: 'p-1' }])
  })

  it('takes ids such as __proto__ and constructor as plain text', async () => {
    const key = 'cache_affinity:__proto__:constructor:toString'
    await backend.put({ [key]: stored({ provider_id: '__proto__', key_id: 'constructor' }) })
    expect((await readAll(backend.store)).records).toMatchObject([
      { key, affinityKey: '__proto__', providerId: '__proto__', providerKeyId: 'constructor' },
    ])
    expect(({} as Record<string, unknown>)['provider_id']).toBeUndefined()
  })

  describe('a broken value is reported and hides nothing:', () => {
    it.each(BROKEN)('%s', async (_what, value, reason) => {
      const key = 'cache_affinity:a-2:CLAUDE:broken'
      await backend.put({ [GOOD_KEY]: stored(), [key]: value })
      const { records, broken } = await readAll(backend.store)
      expect(keysOf(records)).toEqual([GOOD_KEY])
      expect(broken).toEqual(new Map([[key, reason]]))
    })

    it('a value of another type', async () => {
      const keys = await backend.putOtherTypes('cache_affinity:a-2:CLAUDE:')
      expect(keys.length).toBeGreaterThan(0)
      await backend.put({ [GOOD_KEY]: stored() })
      const { records, broken } = await readAll(backend.store)
      expect(keysOf(records)).toEqual([GOOD_KEY])
      expect(broken).toEqual(new Map(keys.map((key) => [key, 'wrong Redis type'])))
    })

    it('a key of the family with too few parts', async () => {
      const keys = ['cache_affinity:', 'cache_affinity:a-1', 'cache_affinity:a-1:CLAUDE']
      await backend.put({ [GOOD_KEY]: stored(), ...Object.fromEntries(keys.map((key) => [key, stored()])) })
      const { records, broken } = await readAll(backend.store)
      expect(keysOf(records)).toEqual([GOOD_KEY])
      expect(broken).toEqual(new Map(keys.map((key) => [key, 'unknown key form'])))
    })

    it('all of them at once', async () => {
      const values = BROKEN.map(([, value], n) => [`cache_affinity:a-${n}:CLAUDE:broken`, value] as const)
      const others = await backend.putOtherTypes('cache_affinity:b:CLAUDE:')
      await backend.put({ ...Object.fromEntries(values), [GOOD_KEY]: stored() })
      const { records, broken } = await readAll(backend.store)
      expect(keysOf(records)).toEqual([GOOD_KEY])
      expect([...broken.keys()].sort()).toEqual([...values.map(([key]) => key), ...others].sort())
    })
  })

  it('neither reports nor touches keys of other families', async () => {
    const foreign = {
      cache_affinity: 'keep me',
      'cache_affinityX:a-1:CLAUDE:m-1': stored(),
      'cache_affinity2:a-1:CLAUDE:m-1': stored(),
      'Xcache_affinity:a-1:CLAUDE:m-1': stored(),
      'CACHE_AFFINITY:a-1:CLAUDE:m-1': stored(),
      'scheduler_affinity:v3:a-1:CLAUDE:m-1:claude-code:5f2c': stored(),
      'model:id:m-1': '{}',
      'global_model:resolve:x': 'NOT_FOUND',
      'jwt:blacklist:00': 'logout',
    }
    await backend.put(foreign, LATER)
    await backend.putOtherTypes('cache_stats:')
    await backend.put({ [GOOD_KEY]: stored(), 'cache_affinity:a-2:CLAUDE:m-1': '{not json' }, LATER)
    const before = await backend.dump()

    const { records, broken } = await readAll(backend.store)
    expect(keysOf(records)).toEqual([GOOD_KEY])
    expect([...broken.keys()]).toEqual(['cache_affinity:a-2:CLAUDE:m-1'])
    expect(await backend.dump()).toEqual(before)
  })

  it('no longer reads an affinity whose TTL has run out', async () => {
    const [first, second] = ['cache_affinity:a-1:CLAUDE:m-1', 'cache_affinity:a-2:CLAUDE:m-1']
    await backend.put({ [first]: stored(), [second]: '{not json' }, 60)
    await backend.put({ [GOOD_KEY.replace('a-1', 'stays')]: stored() })
    expect(keysOf((await readAll(backend.store)).records)).toContain(first)

    await backend.runOut([first, second])
    await expect
      .poll(async () => {
        const { records, broken } = await readAll(backend.store)
        return [...keysOf(records), ...broken.keys()]
      })
      .toEqual([GOOD_KEY.replace('a-1', 'stays')])
  })

  it('goes by the TTL of the key, not by the expire_at inside it', async () => {
    await backend.put({ [GOOD_KEY]: stored({ created_at: 1, expire_at: 2 }) }, LATER)
    expect((await readAll(backend.store)).records).toMatchObject([{ key: GOOD_KEY, writtenExpiry: 2 }])
  })

  it('no longer reads an affinity that was deleted', async () => {
    await backend.put({ [GOOD_KEY]: stored() })
    await backend.delete([GOOD_KEY])
    expect((await readAll(backend.store)).records).toEqual([])
  })
}
