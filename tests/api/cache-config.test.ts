import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.js'

const CONFIG = `{ cacheConfig {
  cacheTtlSeconds cacheReservationRatio
  dynamicReservation {
    probePhaseRequests probeReservation stableMinReservation stableMaxReservation
    lowLoadThreshold highLoadThreshold
  }
  parameters { name value description }
} }`

interface Parameter {
  readonly name: string
  readonly value: number
  readonly description: string
}

/** Every number of an answer by its path. */
function numbersOf(value: object, path = ''): Record<string, number> {
  return Object.assign(
    {},
    ...Object.entries(value).map(([name, inner]) =>
      typeof inner === 'number' ? { [path + name]: inner } : numbersOf(inner, `${path}${name}.`),
    ),
  )
}

describe('cacheConfig', () => {
  let service: TestApp
  beforeAll(async () => {
    service = await startTestApp({ redis: 'empty', env: { CACHE_RESERVATION_RATIO: '0.25' } })
  })
  afterAll(() => service.close())

  it('has the gateway’s fixed figures, and the reservation ratio that is configured', async () => {
    const { data, errors } = await service.query(CONFIG)
    expect(errors).toEqual([])
    expect(data.cacheConfig).toMatchObject({
      cacheTtlSeconds: 300,
      cacheReservationRatio: 0.25,
      dynamicReservation: {
        probePhaseRequests: 100,
        probeReservation: 0.1,
        stableMinReservation: 0.1,
        stableMaxReservation: 0.35,
        lowLoadThreshold: 0.5,
        highLoadThreshold: 0.8,
      },
    })
  })

  it('explains every value under its field’s path, in a sentence with its range', async () => {
    const { parameters, ...values } = (await service.query(CONFIG)).data.cacheConfig
    const explained: readonly Parameter[] = parameters
    expect(Object.fromEntries(explained.map(({ name, value }) => [name, value]))).toEqual(numbersOf(values))
    for (const { description } of explained)
      expect(description).toMatch(/^[A-Z].{30,}\. .*(0 to 1|above 0|0 or more)\.$/)
    expect(new Set(explained.map(({ description }) => description)).size).toBe(explained.length)
  })

  it('answers without the cache', async () => {
    await service.redis.kill()
    expect((await service.query(CONFIG)).data.cacheConfig.cacheTtlSeconds).toBe(300)
  })
})
