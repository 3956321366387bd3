import fc from 'fast-check'
import { expect, it, onTestFinished } from 'vitest'
import { connectRedis, createRedis } from '../../src/redis/client.js'
import { packKeys } from '../../src/redis/packed-keys.js'
import { readStamps, stampOf } from '../../src/redis/stamps.js'
import { decodeKey } from '../../src/util/key-bytes.js'
import { freshRedis } from '../support/servers/shared.js'

/** A lone half of a surrogate pair has no form in UTF-8. */
const wellFormed = (text: string) => Buffer.from(text).toString()

async function connected() {
  const server = await freshRedis('empty')
  const client = createRedis({ kind: 'single', url: server.url }, { onError: () => {} })
  onTestFinished(() => client.disconnect())
  await connectRedis(client, 10_000)
  return { client, gateway: server.client() }
}

it('are the same here and in Redis, whatever keys and values are', async () => {
  const { client, gateway } = await connected()
  const part = fc.oneof(fc.constantFrom('a', 'CLAUDE', 'openai:chat', '模型', '', '*', '\n'), fc.string())
  const key = fc
    .tuple(fc.constantFrom('cache_affinity:', 'x', ''), part, part, part)
    .map(([a, b, c, d]) => `${a}${b}:${c}:${d}`)
  const entries = fc.dictionary(
    key,
    fc.string({ unit: 'binary' }).map((text) => wellFormed(text)),
    { minKeys: 1, maxKeys: 300 },
  )
  await fc.assert(
    fc.asyncProperty(entries, async (values) => {
      await gateway.flushall()
      const given = new Map(Object.entries(values).map(([name, value]) => [wellFormed(name), value]))
      for (const [name, value] of given) await gateway.set(name, value)
      const { groups = [] } = (await readStamps(client, [...given.keys()])) ?? {}
      const told = new Map(
        groups.flatMap(({ keys, stamps }) => keys.map((name, n) => [name, stamps[n]] as const)),
      )
      expect(told).toEqual(new Map([...given].map(([name, value]) => [name, stampOf(value)])))
      for (const { keys, expiries } of groups) expect(expiries).toBe(-keys.length)
    }),
    { numRuns: 20 },
  )
}, 60_000)

it('tell to the millisecond when keys go, also as a sum, and nothing of what is gone or of another type', async () => {
  const { client, gateway } = await connected()
  const at = Date.now() + 86_400_000
  const keys = Array.from({ length: 100 }, (_, n) => `cache_affinity:a-${n}:F:m`)
  for (const [n, key] of keys.entries()) await gateway.set(key, `${n}`, 'PXAT', at + n)
  await gateway.del('cache_affinity:a-0:F:m')
  await gateway.del('cache_affinity:a-1:F:m')
  await gateway.rpush('cache_affinity:a-1:F:m', 'x')
  const { groups = [] } = (await readStamps(client, keys)) ?? {}
  const expected = keys.slice(2).reduce((sum, _, n) => sum + at + n + 2, 0)
  expect(groups.reduce((sum, { expiries }) => sum + expiries, 0)).toBe(expected)
  expect(groups.flatMap(({ stamps }) => stamps).filter((stamp) => stamp === null)).toHaveLength(2)
})

it('need half the bytes of the keys, whose beginning and endings are sent once', () => {
  const keys = Array.from(
    { length: 1_000 },
    (_, n) => `cache_affinity:${String(n).padStart(36, '0')}:CLAUDE:${'m'.repeat(36)}${n % 5}`,
  )
  const packs = [...packKeys(keys)]
  expect(packs.flatMap((pack) => pack.keys).sort()).toEqual(keys)
  expect(Math.max(...packs.map((pack) => pack.keys.length))).toBe(100)
  const sent = packs.flatMap(({ args }) => args).join('').length
  expect(sent).toBeLessThan(keys.join('').length / 2)
})

it('are told of keys that are no UTF-8', async () => {
  const { client, gateway } = await connected()
  const bytes = Buffer.from([...Buffer.from('cache_affinity:'), 0xff, 0x80, ...Buffer.from(':F:m')])
  await gateway.set(bytes, 'x')
  const { groups = [] } = (await readStamps(client, [decodeKey(bytes)])) ?? {}
  expect(groups.flatMap(({ stamps }) => stamps)).toEqual([stampOf('x')])
})

it.each([[[':a', 'b']], [[':', 'a:b']], [['a:', ':']], [['', ':']]])(
  'keys that have no beginning in common are packed whole: %j',
  (keys) => {
    expect([...packKeys(keys)].flatMap((pack) => pack.keys).sort()).toEqual([...keys].sort())
  },
)
