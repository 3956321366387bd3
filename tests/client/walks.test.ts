import type { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createClient } from '../../src/client/index.js'
import { MODES, untilShown } from '../api/shown.js'
import { startServer, type TestServer } from '../cli/support.js'
import { ADMIN_TOKEN } from '../support/app.js'
import { type PinsInUse, pinsInUse } from '../support/pins-in-use.js'

const COUNT = 60
const PAGE = 10
const numbers = Array.from({ length: COUNT }, (_, n) => n)
/** Some of everything: met already, at the place where the walk is, and ahead, from either end. */
const some = (step: number) => numbers.filter((n) => n % 7 === step % 7)

describe.each(MODES)('a client that walks a list while its records are used, %s,', (_mode, env) => {
  let server: TestServer
  let redis: Redis
  let pins: PinsInUse
  beforeAll(async () => {
    server = await startServer({ redis: 'empty', env })
    redis = server.redis.client()
  })
  beforeEach(async () => {
    await redis.flushall()
    await untilShown(server)
    pins = pinsInUse(server, redis)
    await pins.make(COUNT)
  })
  afterAll(() => server.close())

  /** What happens while the walk goes on: before each page but the first is asked for. */
  const walking = (happen: (step: number) => Promise<void>) => {
    let asked = 0
    return createClient({
      url: server.url,
      token: ADMIN_TOKEN,
      fetch: async (input, init) => {
        asked += 1
        if (asked > 1) await happen(asked)
        return fetch(input, init)
      },
    })
  }
  const numberOf = ({ affinityKey }: { readonly affinityKey: string }) => Number(affinityKey.slice(4))
  const sorted = (met: readonly number[]) => [...met].sort((a, b) => a - b)

  it.each(['affinities', 'affinityNames', 'affinityRecords'] as const)(
    'meets each once in %s',
    async (name) => {
      const client = walking((step) => pins.use(some(step)))
      const met: number[] = []
      for await (const record of client[name].all({ first: PAGE })) met.push(numberOf(record))
      expect(sorted(met)).toEqual(numbers)
    },
  )

  it('meets each once that is there throughout, and once that moves to another provider', async () => {
    const client = walking(async (step) => {
      await pins.move([step, COUNT - 1 - step])
      await pins.use(some(step))
      await pins.clear([30 + step])
    })
    const met: number[] = []
    for await (const page of client.affinityRecords.pages({ first: PAGE }))
      met.push(...page.nodes.map(numberOf))
    expect(new Set(met).size).toBe(met.length)
    expect(numbers.filter((n) => !met.includes(n)).every((n) => n >= 32 && n < 30 + 9)).toBe(true)
  })

  it.each([
    ['EXPIRES_AT', 'DESC', 'expiresAt'],
    ['EXPIRES_AT', 'ASC', 'expiresAt'],
    ['REQUEST_COUNT', 'DESC', 'requestCount'],
    ['CREATED_AT', 'DESC', 'createdAt'],
    ['CREATED_AT', 'ASC', 'createdAt'],
  ] as const)('meets each once by %s %s, in that order', async (field, direction, shown) => {
    const client = walking((step) => pins.use(some(step)))
    const pages = []
    const list = client.affinityRecords
    for await (const page of list.pages({ first: PAGE, orderBy: { field, direction } })) pages.push(page)
    const nodes = pages.flatMap((page) => page.nodes)
    expect(sorted(nodes.map(numberOf))).toEqual(numbers)
    const sign = direction === 'ASC' ? 1 : -1
    const shownOf = (node: (typeof nodes)[number]) => node[shown] ?? ''
    for (const [index, node] of nodes.entries()) {
      const before = nodes[index - 1] ?? node
      expect(
        sign * (shownOf(before) < shownOf(node) ? -1 : shownOf(before) > shownOf(node) ? 1 : 0),
      ).toBeLessThanOrEqual(0)
    }
    expect(pages.map((page) => page.nodes.length)).toEqual(Array(6).fill(PAGE))
    expect(pages.map((page) => page.pageInfo.hasNextPage)).toEqual([true, true, true, true, true, false])
    expect(pages.map((page) => page.totalCount)).toEqual(Array(6).fill(COUNT))
  })

  it('gives an order half of which was named as the API gives it', async () => {
    const { nodes } = await walking(async () => {}).affinityRecords({ orderBy: { direction: 'ASC' } })
    const walked = []
    const list = walking((step) => pins.use(some(step))).affinityRecords
    await pins.use([0, 5])
    for await (const record of list.all({ orderBy: { direction: 'ASC' } })) walked.push(numberOf(record))
    expect(nodes.map(numberOf)).toEqual(numbers)
    expect(walked).toEqual([...numbers.filter((n) => n !== 0 && n !== 5), 0, 5])
  })

  it('has the records of one millisecond in one order, whichever way it is walked', async () => {
    await redis.flushall()
    const value =
      '{"provider_id":"p","endpoint_id":"e","key_id":"k","created_at":1,"expire_at":1,"request_count":1}'
    await redis.mset(['b', 'a', 'c'].flatMap((key) => [`cache_affinity:${key}:CLAUDE:m`, value]))
    await untilShown(server)
    const keys = async (direction: 'ASC' | 'DESC') => {
      const met: string[] = []
      const list = walking(async () => {}).affinityRecords
      for await (const { affinityKey } of list.all({ first: 1, orderBy: { direction } }))
        met.push(affinityKey)
      return met
    }
    expect([await keys('ASC'), await keys('DESC')]).toEqual([
      ['a', 'b', 'c'],
      ['c', 'b', 'a'],
    ])
  })
})
