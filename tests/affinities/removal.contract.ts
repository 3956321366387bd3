import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { AffinityRecord } from '../../src/affinities/affinity-record.js'
import type { AffinityStore } from '../../src/affinities/affinity-store.js'
import { FAMILIES } from '../../src/affinities/families/index.js'
import { type Backend, keysOf, stored } from './affinity-store.contract.js'

const key = (n: number) => `cache_affinity:a-${n}:OPENAI:gpt-5`
const numbered = (count: number) => Array.from({ length: count }, (_, n) => key(n))
const valuesAt = (keys: readonly string[], value = stored()) =>
  Object.fromEntries(keys.map((name) => [name, value]))

export const FOREIGN = {
  cache_affinity: 'keep me',
  'cache_affinityX:a-0:OPENAI:gpt-5': 'keep me',
  'Xcache_affinity:a-0:OPENAI:gpt-5': 'keep me',
  'CACHE_AFFINITY:a-0:OPENAI:gpt-5': 'keep me',
  'scheduler_affinity:v3:a-0:OPENAI:gpt-5:claude-code:5f2c': 'keep me',
  'model:id:gpt-5': 'keep me',
}

/** A backend that can be filled and looked at past its store. */
export type RemovalBackend = Pick<Backend, 'store' | 'put' | 'putOtherTypes' | 'clear' | 'stop'> & {
  /** Every key there is. */
  keys(): Promise<string[]>
}

export async function allKeys(store: AffinityStore): Promise<string[]> {
  const keys: string[] = []
  for await (const batch of store.allKeys()) keys.push(...batch)
  return keys.sort()
}

/** What every affinity store does when it is asked to remove, and by name what it was asked to read. */
export function removalContract(start: () => Promise<RemovalBackend>): void {
  let backend: RemovalBackend
  beforeAll(async () => {
    backend = await start()
  })
  beforeEach(() => backend.clear())
  afterAll(() => backend.stop())

  it('removes exactly the keys that it is given, and tells how many there were', async () => {
    await backend.put({ ...valuesAt(numbered(20)), ...FOREIGN })
    expect(await backend.store.remove([key(3), key(5), key(99), key(7)])).toBe(3)
    const left = numbered(20).filter((name) => ![key(3), key(5), key(7)].includes(name))
    expect(await allKeys(backend.store)).toEqual(left.sort())
    expect(await backend.store.remove([key(3), key(5), key(7)])).toBe(0)
  })

  it('removes nothing when it is given nothing', async () => {
    await backend.put(valuesAt(numbered(3)))
    expect(await backend.store.remove([])).toBe(0)
    expect(await allKeys(backend.store)).toHaveLength(3)
  })

  it('removes thousands of keys, and counts each once however often it is named', async () => {
    await backend.put(valuesAt(numbered(3_210)))
    const twice = [...numbered(3_210), ...numbered(3_210)]
    expect(await backend.store.remove(twice)).toBe(3_210)
    expect(await allKeys(backend.store)).toEqual([])
  })

  it('counts what really went when many remove the same at once', async () => {
    await backend.put(valuesAt(numbered(1_200)))
    const counts = await Promise.all(Array.from({ length: 20 }, () => backend.store.remove(numbered(1_200))))
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1_200)
    expect(await allKeys(backend.store)).toEqual([])
  })

  it('takes names for data: glob characters, colons, blanks, Chinese, NUL', async () => {
    const odd = ['*', '?', '[a-z]', 'weird*[a-z]?\\name', 'llama3:8b', '模型/一', ' ', 'a\0b', '😀', '']
    const keys = odd.map((name) => `cache_affinity:a-1:OPENAI:${name}`)
    await backend.put(valuesAt([...keys, ...numbered(10), 'cache_affinity:a-1:OPENAI:weirdXa1name']))
    for (const name of keys) expect(await backend.store.remove([name]), JSON.stringify(name)).toBe(1)
    expect(await allKeys(backend.store)).toEqual(
      [...numbered(10), 'cache_affinity:a-1:OPENAI:weirdXa1name'].sort(),
    )
  })

  it('names every key of the family once, whatever it holds, and no other', async () => {
    const others = await backend.putOtherTypes('cache_affinity:a-1:OPENAI:')
    const broken = ['cache_affinity:', 'cache_affinity:a', 'cache_affinity:a:b', 'cache_affinity:a:b:c']
    await backend.put({ ...valuesAt(numbered(2_500)), ...valuesAt(broken, '{not json'), ...FOREIGN })
    const keys = await allKeys(backend.store)
    expect(keys).toEqual([...numbered(2_500), ...broken, ...others].sort())
    expect(await backend.store.remove(keys)).toBe(keys.length)
    expect(await allKeys(backend.store)).toEqual([])
  })

  it('leaves every other family alone, however alike its name', async () => {
    await backend.put({ ...valuesAt(numbered(5)), ...FOREIGN })
    await backend.store.remove(await allKeys(backend.store))
    expect((await backend.keys()).sort()).toEqual(Object.keys(FOREIGN).sort())
  })

  describe('reads by name', () => {
    it('what is there, what is broken, and says nothing of what is gone', async () => {
      const [list = ''] = await backend.putOtherTypes('cache_affinity:a-1:OPENAI:')
      const bad = 'cache_affinity:a-1:OPENAI:bad'
      await backend.put({ [key(1)]: stored(), [key(2)]: stored({ endpoint_id: 'e-2' }), [bad]: '[1,2]' })
      const { records, broken } = await backend.store.read([key(1), key(9), bad, key(2), list])
      expect(keysOf(records)).toEqual([key(1), key(2)])
      expect(records.find((record) => record.key === key(2))?.endpointId).toBe('e-2')
      expect(new Map(broken.map((entry) => [entry.key, entry.reason]))).toEqual(
        new Map([
          [bad, 'not an affinity'],
          [list, 'wrong Redis type'],
        ]),
      )
    })

    it('nothing when it is given no names', async () => {
      await backend.put(valuesAt(numbered(3)))
      expect(await backend.store.read([])).toMatchObject({ records: [], broken: [] })
    })

    it('two thousand at once', async () => {
      await backend.put(valuesAt(numbered(2_000)))
      expect(keysOf((await backend.store.read(numbered(2_000))).records)).toEqual(numbered(2_000).sort())
    })
  })

  describe('removes pins', () => {
    const at = (endpoint: string) => ({ [key(1)]: stored({ endpoint_id: endpoint }) })
    const removed = (count: number, changed: readonly string[] = []) => ({ removed: count, changed })

    it('that are as they were read, and counts no others', async () => {
      await backend.put(valuesAt(numbered(5)))
      const records = numbered(5).map((name) => recordOf(name))
      expect(await backend.store.removePins([])).toEqual(removed(0))
      expect(await backend.store.removePins(records.slice(1, 3))).toEqual(removed(2))
      expect(await allKeys(backend.store)).toEqual([key(0), key(3), key(4)])
      expect(await backend.store.removePins(records)).toEqual(removed(3))
      expect(await backend.store.removePins(records)).toEqual(removed(0))
    })

    it('that were not used meanwhile, where that counts', async () => {
      await backend.put(valuesAt(numbered(4)))
      const { records } = await backend.store.read(numbered(4))
      await backend.put({
        [key(1)]: stored({ request_count: 8 }),
        [key(2)]: stored({ expire_at: 1_700_000_301.5 }),
        [key(3)]: stored({ created_at: 1_700_000_001.25 }),
      })
      const outcome = await backend.store.removePins(records, { unused: true })
      expect({ ...outcome, changed: [...outcome.changed].sort() }).toEqual(
        removed(1, [key(1), key(2), key(3)]),
      )
    })

    it('that were used meanwhile, but none that has another provider, endpoint or provider key', async () => {
      const used = { request_count: 99, expire_at: 1_900_000_000.5, created_at: 1_800_000_000 }
      await backend.put({
        [key(0)]: stored({ ...used, provider_id: 'p-2' }),
        [key(1)]: stored({ ...used, endpoint_id: 'e-2' }),
        [key(2)]: stored({ ...used, key_id: 'k-2' }),
        [key(3)]: stored(used),
      })
      const stay = [key(0), key(1), key(2)]
      const records = numbered(4).map((name) => recordOf(name))
      expect(await backend.store.removePins(records)).toEqual(removed(1, stay))
      expect(await allKeys(backend.store)).toEqual(stay)
    })

    it('by thousands, each by its own pin', async () => {
      const fieldsOf = (n: number) => ({
        provider_id: `p-${n % 7}`,
        endpoint_id: `e-${n}`,
        key_id: `k-${n % 11}`,
      })
      const names = numbered(2_345)
      await backend.put(
        Object.fromEntries(
          names.map((name, n) => [name, stored({ ...fieldsOf(n), ...(n % 10 === 0 && { key_id: 'new' }) })]),
        ),
      )
      const { removed: count, changed } = await backend.store.removePins(
        names.map((name, n) => recordOf(name, fieldsOf(n))),
      )
      const stay = names.filter((_, n) => n % 10 === 0).sort()
      expect(count).toBe(2_345 - stay.length)
      expect([...changed].sort()).toEqual(stay)
      expect(await allKeys(backend.store)).toEqual(stay)
    })

    it('but not one that is elsewhere, not even nearly', async () => {
      for (const endpoint of ['e-2', 'e-1 ', 'E-1', 'e-', '', 'e-1\0']) {
        await backend.put(at(endpoint))
        expect(await backend.store.removePins([recordOf(key(1))]), JSON.stringify(endpoint)).toEqual(
          removed(0, [key(1)]),
        )
        expect(await allKeys(backend.store)).toEqual([key(1)])
      }
    })

    it('of any name, whatever the spacing and order of their JSON', async () => {
      for (const name of [
        '模型/一',
        '😀',
        'a"b\\c',
        'a\nb',
        '%s',
        "o'brien",
        '*',
        'a\0b',
        'x'.repeat(5_000),
      ]) {
        const pin = { provider_id: name, endpoint_id: name, key_id: name }
        for (const text of [
          stored(pin),
          escaped(stored(pin)),
          JSON.stringify(JSON.parse(stored(pin)), null, 1),
        ]) {
          await backend.put({ [key(1)]: text })
          expect(await backend.store.removePins([recordOf(key(1), pin)]), text.slice(0, 40)).toEqual(
            removed(1),
          )
          expect(await allKeys(backend.store)).toEqual([])
        }
      }
    })

    it('once, when many try at once', async () => {
      await backend.put(valuesAt(numbered(300)))
      const records = numbered(300).map((name) => recordOf(name))
      const done = await Promise.all(Array.from({ length: 20 }, () => backend.store.removePins(records)))
      expect(done.reduce((sum, { removed: count }) => sum + count, 0)).toBe(300)
      expect(done.flatMap(({ changed }) => changed)).toEqual([])
    })

    it('but nothing that is no affinity: broken values stay', async () => {
      const values = [
        '',
        '{not json',
        'null',
        '42',
        '"e-1"',
        '[1,2]',
        '[{"endpoint_id":"e-1"}]',
        '['.repeat(5_000),
      ]
      for (const value of values) {
        await backend.put({ [key(1)]: value })
        expect(await backend.store.removePins([recordOf(key(1))]), value.slice(0, 30)).toEqual(
          removed(0, [key(1)]),
        )
        expect(await allKeys(backend.store)).toEqual([key(1)])
      }
      for (const endpoint of [['e-1'], { id: 'e-1' }, 1, true, null]) {
        await backend.put({ [key(1)]: stored({ endpoint_id: endpoint }) })
        for (const asked of ['e-1', '1', 'true', 'null', ''])
          expect(
            await backend.store.removePins([recordOf(key(1), { endpoint_id: asked })]),
            JSON.stringify(endpoint),
          ).toEqual(removed(0, [key(1)]))
      }
    })

    it('and nothing of another type than a string', async () => {
      for (const name of await backend.putOtherTypes('cache_affinity:a-1:OPENAI:'))
        expect(await backend.store.removePins([recordOf(name)])).toEqual(removed(0))
    })
  })
}

/** As it is read from what `stored` gives. */
function recordOf(name: string, fields: Readonly<Record<string, unknown>> = {}): AffinityRecord {
  const parsed = FAMILIES.parse(name, stored(fields))
  if (!('record' in parsed)) throw new Error(`${name} is no affinity`)
  return parsed.record
}

/** As Python's JSON writes it: nothing outside ASCII. */
const escaped = (json: string): string =>
  json.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
