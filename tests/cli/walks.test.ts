import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { untilShown } from '../api/shown.js'
import { startFlakyProxy } from '../client/flaky-proxy.js'
import { type PinsInUse, pinsInUse } from '../support/pins-in-use.js'
import { affinityql, startServer, type TestServer } from './support.js'

/** Two pages of the command line, and a bit. */
const COUNT = 2_100
const numbers = Array.from({ length: COUNT }, (_, n) => n)

describe('affinityql affinities list, while records are used', () => {
  let server: TestServer
  let pins: PinsInUse
  beforeAll(async () => {
    server = await startServer({ redis: 'empty' })
  })
  beforeEach(async () => {
    await server.redis.client().flushall()
    await untilShown(server)
    pins = pinsInUse(server, server.redis.client())
    await pins.make(COUNT)
  })
  afterAll(() => server.close())

  async function listed(...args: string[]): Promise<Record<string, number | string>[]> {
    const proxy = await startFlakyProxy(server.url, (request) =>
      request > 1 ? pins.use(numbers.filter((n) => n % 7 === request)) : Promise.resolve(),
    )
    const { stdout, code } = await affinityql(['affinities', 'list', '--ndjson', '--records', ...args], {
      server: proxy,
    })
    expect(code).toBe(0)
    // Otherwise nothing was used meanwhile. The last request reads the scheduling mode.
    expect(proxy.requests).toBe(4)
    return stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
  }
  const numberOf = (record: Record<string, number | string>) => Number(String(record['affinityKey']).slice(4))

  it.each([
    ['as they were created', []],
    ['by the order asked for', ['--sort', 'created', '--ascending']],
  ])('prints each once, %s', async (_how, args) => {
    expect((await listed('--limit', 'all', ...args)).map(numberOf)).toEqual(numbers)
  })

  it.each([
    ['expires', 'expiresAt'],
    ['requests', 'requestCount'],
  ] as const)('prints each once by --sort %s, in that order', async (sort, field) => {
    const records = await listed('--sort', sort)
    expect(new Set(records.map(numberOf))).toEqual(new Set(numbers))
    expect(records).toHaveLength(COUNT)
    const shown = records.map((record) => String(record[field]).padStart(30))
    expect(shown).toEqual(shown.toSorted().toReversed())
  })

  it('prints of more than a page those that expire last', async () => {
    const last = (await listed('--limit', '1500')).map(numberOf)
    expect(last).toHaveLength(1_500)
    expect(new Set(last).size).toBe(1_500)
    // A few that were pinned earlier have been used meanwhile, and expire later than these.
    for (const n of numbers.slice(1_000)) expect(last).toContain(n)
  })
})
