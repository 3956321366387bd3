/** The rows of very many records are read once for all who ask about verdicts within some seconds; a clear reads its own. */
import { expect, it, onTestFinished } from 'vitest'
import { startTestApp } from '../support/app.js'
import { sql } from './affinity-model.js'

const COUNT = 10_000

const COUNTS = `{ stale: affinities(first: 1, filter: { stale: true }) { totalCount }
  fresh: affinities(first: 1, filter: { stale: false }) { totalCount } }`
const ONE = `query ($key: ID!) { affinities(first: 1, filter: { affinityKey: $key }) { nodes { usability staleReasons } } }`
const readsRows = (statement: string) => statement.includes('json_build_array')

async function start() {
  const service = await startTestApp()
  onTestFinished(service.close)
  const client = service.redis.client()
  const [pin] = (
    await service.query(
      '{ affinities(first: 1, filter: { usability: USABLE }) { nodes { affinityKey apiFormat modelId } } }',
    )
  ).data.affinities.nodes
  // Other keys of the API key may have values that cannot be read.
  const key = `cache_affinity:${pin.affinityKey}:${pin.apiFormat}:${pin.modelId}`
  const value = JSON.parse((await client.get(key)) ?? '')
  const pipeline = client.pipeline()
  for (let n = 0; n < COUNT; n += 1) {
    pipeline.set(
      `cache_affinity:nobody-${n}:${value.api_format}:${value.model_name}`,
      JSON.stringify(value),
      'EX',
      3_600,
    )
  }
  await pipeline.exec()
  const total = async () =>
    (await service.query('{ affinities(first: 1) { totalCount } }')).data.affinities.totalCount
  await expect.poll(total, { timeout: 20_000 }).toBeGreaterThan(COUNT)
  const setActive = (is: boolean) =>
    sql(service.databaseUrl, 'UPDATE api_keys SET is_active = $1 WHERE id = $2', [is, pin.affinityKey])
  const counts = async () => {
    const { data } = await service.query(COUNTS)
    return { stale: data.stale.totalCount, fresh: data.fresh.totalCount }
  }
  return { service, id: pin.affinityKey as string, setActive, counts, total }
}

it('shows one moment in lists, counts and single answers, which is soon over', async () => {
  const { service, id, setActive, counts, total } = await start()
  const before = await counts()
  expect(before.stale).toBeGreaterThanOrEqual(COUNT)
  expect(before.stale + before.fresh).toBe(await total())
  await setActive(false)
  const repeated = await service.statementsOf(async () => {
    expect(await counts()).toEqual(before)
    const { data } = await service.query(ONE, { key: id })
    expect(data.affinities.nodes[0].usability).toBe('USABLE')
  })
  expect(repeated.filter(readsRows)).toEqual([])
  await expect
    .poll(async () => (await counts()).stale, { timeout: 10_000, interval: 200 })
    .toBeGreaterThan(before.stale)
  const { data } = await service.query(ONE, { key: id })
  expect(data.affinities.nodes[0].staleReasons).toContain('API_KEY_INACTIVE')
})

it('is no moment of a clear: what has become usable since lives', async () => {
  const { service, id, setActive, counts } = await start()
  await setActive(false)
  await counts()
  await setActive(true)
  const { data } = await service.query(
    `mutation ($key: ID!) { clearAffinities(filter: { affinityKey: $key, staleReasons: [API_KEY_INACTIVE] }) { ... on ClearAffinitiesPayload { clearedCount sparedCount } } }`,
    { key: id },
  )
  expect(data.clearAffinities).toEqual({ clearedCount: 0, sparedCount: 0 })
})
