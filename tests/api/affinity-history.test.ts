import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.js'
import { writePin } from '../support/pin.js'

const FIGURES = 'created refreshed switched removed expired cleared'

const start = async (env = {}) => {
  const service = await startTestApp({ redis: 'empty', env })
  onTestFinished(() => service.close())
  return service
}

const until = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 10_000, interval: 50 })

async function history(service: TestApp, args: string) {
  const { data, errors } = await service.query(
    `{ affinityHistory(${args}) { knownSince buckets { start seconds complete total ${FIGURES} } } }`,
  )
  expect(errors).toEqual([])
  return data.affinityHistory
}

const anHourAgo = () => new Date(Date.now() - 3_600_000).toISOString()

describe('affinityHistory', () => {
  it('counts what gateways and clears did, whole and by provider', async () => {
    const service = await start()
    const redis = service.redis.client()
    const day = (provider = '') => history(service, `since: "${anHourAgo()}", bucketSeconds: 7200${provider}`)
    const last = async (provider = '') => (await day(provider)).buckets.at(-1)
    const total = async () =>
      (await service.query('{ affinities { totalCount } }')).data.affinities.totalCount
    await until(async () => expect((await last()).total).toBe(0))
    for (const affinityKey of ['one', 'two', 'three']) await writePin(redis, { affinityKey, providerId: 'p' })
    await until(async () => expect(await total()).toBe(3))
    await writePin(redis, { affinityKey: 'one', providerId: 'q', requestCount: 2 })
    await until(async () => expect(await last()).toMatchObject({ created: 3, switched: 1 }))
    await service.query('mutation { clearProviderCache(providerId: "p") { __typename } }')
    await redis.del('cache_affinity:one:CLAUDE:model')
    await until(async () =>
      expect(await last()).toMatchObject({
        seconds: 7_200,
        complete: false,
        total: 0,
        created: 3,
        switched: 1,
        removed: 3,
        cleared: 2,
        expired: 0,
      }),
    )
    expect(await last(', providerId: "q"')).toMatchObject({ created: 0, switched: 1, removed: 1, cleared: 0 })
    expect(await last(', providerId: "p"')).toMatchObject({ created: 3, switched: 1, removed: 2, cleared: 2 })
  })

  it('has null and not 0 for what it did not see', async () => {
    const service = await start()
    const { buckets, knownSince } = await history(service, `since: "${anHourAgo()}"`)
    expect(Date.parse(knownSince)).toBeGreaterThan(Date.now() - 60_000)
    expect(buckets[0]).toMatchObject({ complete: false, total: null, created: null, cleared: null })
    const blind = await start({ AFFINITY_INDEX: 'off' })
    const unseen = (await history(blind, `since: "${anHourAgo()}", bucketSeconds: 7200`)).buckets.at(-1)
    expect(unseen).toMatchObject({ total: null, created: null })
  })

  it.each([
    ['bucketSeconds: 0', 'bucketSeconds'],
    ['bucketSeconds: -60', 'bucketSeconds'],
    ['bucketSeconds: 61', 'bucketSeconds'],
    ['until: "2020-01-01T00:00:00Z"', 'since'],
    ['until: "2030-01-01T00:00:00Z"', 'bucketSeconds'],
  ])('refuses %s', async (args, field) => {
    const service = await start()
    const { errors } = await service.query(
      `{ affinityHistory(since: "2024-01-01T00:00:00Z", ${args.replace('2020', '2023')}) { knownSince } }`,
    )
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field } }])
  })
})
