/** What a clear has spared is a pin like any other for the guard against write-backs. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import type { AffinityRecord } from '../../../src/affinities/affinity-record.js'
import { createRedisWriteBackRemover } from '../../../src/affinities/clear/write-back-guard.js'
import { FAMILIES } from '../../../src/affinities/families/index.js'
import { decodeKey } from '../../../src/util/key-bytes.js'
import { freshRedis } from '../../support/servers/shared.js'
import { createWorld, requestsOf, sessionsOf } from './gateway-world.js'

type World = Awaited<ReturnType<typeof createWorld>>

const SPARED = [2, 4]

const numberOf = ({ affinityKey, extra }: AffinityRecord): number => {
  const session = extra?.['sessionHash']
  return session === undefined ? Number(affinityKey.split('-').at(-1)) : Number.parseInt(session, 16)
}
const isSpared = (record: AffinityRecord) => SPARED.includes(numberOf(record))
const rejudge = async (records: readonly AffinityRecord[]) => records.filter((record) => !isSpared(record))

/** Writes the spared records as a gateway does that uses their pins once more. */
function use({ keyspace }: World, records: readonly AffinityRecord[]): void {
  for (const { key } of records.filter(isSpared)) {
    const value = JSON.parse(keyspace.get(key) ?? '{}')
    keyspace.set(key, JSON.stringify({ ...value, request_count: value.request_count + 1 }), 300)
  }
}

it.each([
  ['ENDPOINT_KEYS', 'none'],
  ['PROVIDER_KEYS', 'none'],
  ['ENDPOINT_KEYS', 'set'],
  ['PROVIDER_KEYS', 'set'],
] as const)(
  'it lives when it is used again within the window: %s, GATEWAY_URLS %s',
  async (generation, urls) => {
    const world = await createWorld(generation, { urls, windowSeconds: 2 })
    await world.where(requestsOf(6))
    const report = await world.clearer.clear(await world.records(), { actorId: 'root', rejudge })
    expect(report.sparedCount).toBe(SPARED.length)
    use(world, await world.records())
    await sleep(600)
    expect((await world.records()).map(numberOf).sort()).toEqual(SPARED)
  },
)

it('it is not counted as written back where a process used it during the clear', async () => {
  const world = await createWorld('PROCESS_MEMORY', { urls: 'set', windowSeconds: 1 })
  await world.where(sessionsOf(6))
  const report = await world.clearer.clear(await world.records(), {
    actorId: 'root',
    rejudge(records) {
      use(world, records)
      return rejudge(records)
    },
  })
  expect(report.sparedCount).toBe(SPARED.length)
  expect(await report.writtenBack).toBe(0)
})

it('the guard finds a key that is no UTF-8', async () => {
  const client = (await freshRedis('empty')).client()
  const key = Buffer.from('cache_affinity:k-\xff:OPENAI:m', 'latin1')
  const pin = { provider_id: 'p', endpoint_id: 'e', key_id: 'k' }
  await client.set(key, JSON.stringify({ ...pin, created_at: 5, expire_at: 9e9, request_count: 1 }))
  const { removeNotNewer } = createRedisWriteBackRemover(client, FAMILIES)
  expect(await removeNotNewer(decodeKey(key), 5)).toBe(true)
  expect(await client.exists(key)).toBe(0)
})
