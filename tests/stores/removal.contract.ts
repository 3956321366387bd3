import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { AffinityStore } from '../../src/stores/affinity-store.js'
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
  'scheduler_affinity:v2:a-0:OPENAI:gpt-5:claude-code:5f2c': 'keep me',
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
      expect(await backend.store.read([])).toEqual({ records: [], broken: [] })
    })

    it('two thousand at once', async () => {
      await backend.put(valuesAt(numbered(2_000)))
      expect(keysOf((await backend.store.read(numbered(2_000))).records)).toEqual(numbered(2_000).sort())
    })
  })

  describe('removes a pin', () => {
    const at = (endpoint: string) => ({ [key(1)]: stored({ endpoint_id: endpoint }) })

    it('while it is at this endpoint', async () => {
      await backend.put({ ...at('e-1'), ...valuesAt([key(2)]) })
      expect(await backend.store.removePinned(key(1), 'e-1')).toBe(true)
      expect(await allKeys(backend.store)).toEqual([key(2)])
      expect(await backend.store.removePinned(key(1), 'e-1')).toBe(false)
    })

    it('but not one that is elsewhere, not even nearly', async () => {
      for (const endpoint of ['e-2', 'e-1 ', 'E-1', 'e-', '', 'e-1\0']) {
        await backend.put(at(endpoint))
        expect(await backend.store.removePinned(key(1), 'e-1'), JSON.stringify(endpoint)).toBe(false)
        expect(await allKeys(backend.store)).toEqual([key(1)])
      }
    })

    it('at an endpoint of any name', async () => {
      for (const endpoint of ['模型/一', '😀', 'a"b\\c', 'a\nb', '%s', "o'brien", '*', 'x'.repeat(5_000)]) {
        await backend.put(at(endpoint))
        expect(await backend.store.removePinned(key(1), endpoint), endpoint.slice(0, 20)).toBe(true)
        expect(await allKeys(backend.store)).toEqual([])
      }
    })

    it('once, when many try at once', async () => {
      await backend.put(at('e-1'))
      const done = await Promise.all(
        Array.from({ length: 20 }, () => backend.store.removePinned(key(1), 'e-1')),
      )
      expect(done.filter(Boolean)).toHaveLength(1)
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
        expect(await backend.store.removePinned(key(1), 'e-1'), value.slice(0, 30)).toBe(false)
        expect(await allKeys(backend.store)).toEqual([key(1)])
      }
      for (const endpoint of [['e-1'], { id: 'e-1' }, 1, true, null]) {
        await backend.put({ [key(1)]: stored({ endpoint_id: endpoint }) })
        for (const asked of ['e-1', '1', 'true', 'null', ''])
          expect(await backend.store.removePinned(key(1), asked), JSON.stringify(endpoint)).toBe(false)
      }
    })

    it('and nothing of another type than a string', async () => {
      for (const name of await backend.putOtherTypes('cache_affinity:a-1:OPENAI:'))
        expect(await backend.store.removePinned(name, 'p-1')).toBe(false)
    })
  })
}
