import { describe, expect, it } from 'vitest'
import { createAffinityList } from '../../src/client/affinity-list.js'
import type { AffinitiesArguments, AffinityRecord } from '../../src/client/index.js'

const RECORD: AffinityRecord = {
  family: 'SCHEDULER_AFFINITY_V2',
  affinityKey: 'k',
  apiFormat: 'openai:chat',
  modelId: 'm',
  clientFamily: 'codex',
  sessionHash: 'a'.repeat(64),
  providerId: 'p',
  endpointId: 'e',
  providerKeyId: 'k',
  requestCount: 1,
  createdAt: '2026-11-26T12:00:00.000Z',
  expiresAt: '2026-11-26T12:05:00.000Z',
}

it('a walk keeps records apart that differ by family, client family or session alone', async () => {
  const nodes = [
    RECORD,
    { ...RECORD, sessionHash: 'b'.repeat(64) },
    { ...RECORD, clientFamily: 'cursor' },
    { ...RECORD, family: 'SCHEDULER_AFFINITY' as const, clientFamily: null, sessionHash: null },
    { ...RECORD, family: 'CACHE_AFFINITY' as const, clientFamily: null, sessionHash: null },
  ]
  const pageInfo = { hasNextPage: false, endCursor: null }
  const list = createAffinityList(async () => ({ totalCount: 6, pageInfo, nodes: [...nodes, RECORD] }))
  for (const orderBy of [undefined, { field: 'REQUEST_COUNT' } as const]) {
    const met: AffinityRecord[] = []
    for await (const record of list.all({ ...(orderBy && { orderBy }) })) met.push(record)
    expect(met).toHaveLength(5)
    expect(met).toEqual(expect.arrayContaining(nodes))
  }
})

it('walks an order by name as the server has it, since records hold no names', async () => {
  const asked: unknown[] = []
  const pageInfo = { hasNextPage: false, endCursor: null }
  const list = createAffinityList(async ({ first, ...args }) => {
    asked.push(args)
    return { totalCount: 1, pageInfo, nodes: [RECORD, RECORD] }
  })
  const orderBy = { field: 'USER', direction: 'ASC' } as const
  const met: AffinityRecord[] = []
  for await (const record of list.all({ orderBy })) met.push(record)
  expect(asked).toEqual([{ orderBy }])
  expect(met).toEqual([RECORD])
})

describe('a walk with a limit', () => {
  const at = (ms: number) => new Date(Date.UTC(2026, 10, 26, 12) + ms).toISOString()
  /** Each figure puts the records in another order, and has equal values. */
  const records = Array.from({ length: 5_000 }, (_, n) => ({
    ...RECORD,
    affinityKey: `key-${String(n).padStart(4, '0')}`,
    createdAt: at(n - (n % 2)),
    expiresAt: n % 1_000 === 0 ? null : at(3_600_000 + ((n * 7) % 4_999)),
    requestCount: (n * 11) % 2_503,
  }))
  const NEVER = '~'
  const ORDERS = { EXPIRES_AT: 'expiresAt', CREATED_AT: 'createdAt', REQUEST_COUNT: 'requestCount' } as const
  type Order = { field: keyof typeof ORDERS; direction: 'ASC' | 'DESC' }

  function inOrder(all: readonly AffinityRecord[], { field, direction }: Order) {
    const figure = (one: AffinityRecord) => one[ORDERS[field]] ?? NEVER
    const up = all.toSorted((a, b) =>
      figure(a) === figure(b) ? (a.affinityKey < b.affinityKey ? -1 : 1) : figure(a) < figure(b) ? -1 : 1,
    )
    return direction === 'ASC' ? up : up.reverse()
  }

  /** A server that answers as the service does; `live` says which records there are when a page is asked for. */
  function serverOf(live: () => readonly AffinityRecord[]) {
    const asked: AffinitiesArguments[] = []
    const list = createAffinityList<{
      totalCount: number
      pageInfo: { hasNextPage: boolean; endCursor: string | null }
      nodes: readonly AffinityRecord[]
    }>(async (args: AffinitiesArguments) => {
      const { createdAfter, expiresAfter, expiresBefore, requestCountMin, requestCountMax } =
        args.filter ?? {}
      const selected = live().filter(
        (one) =>
          (createdAfter == null || one.createdAt > createdAfter) &&
          (expiresAfter == null || (one.expiresAt ?? NEVER) > expiresAfter) &&
          (expiresBefore == null || (one.expiresAt ?? NEVER) < expiresBefore) &&
          (requestCountMin == null || one.requestCount >= requestCountMin) &&
          (requestCountMax == null || one.requestCount <= requestCountMax),
      )
      asked.push(args)
      const all = inOrder(selected, args.orderBy as Order)
      const start = args.after == null ? (args.offset ?? 0) : Number(args.after)
      const end = start + (args.first ?? 100)
      const pageInfo = { hasNextPage: end < all.length, endCursor: String(end) }
      return { totalCount: all.length, pageInfo, nodes: all.slice(start, end) }
    })
    return { asked, list }
  }

  const read = async (
    list: ReturnType<typeof serverOf>['list'],
    orderBy: Order,
    limit: number,
    filter = {},
  ) => {
    const met: AffinityRecord[] = []
    let totalCount = 0
    for await (const page of list.pages({ orderBy, filter }, { limit })) {
      met.push(...page.nodes)
      totalCount = page.totalCount
    }
    return { met, totalCount }
  }

  it.each([
    { field: 'EXPIRES_AT', direction: 'DESC' },
    { field: 'EXPIRES_AT', direction: 'ASC' },
    { field: 'CREATED_AT', direction: 'DESC' },
    { field: 'REQUEST_COUNT', direction: 'DESC' },
    { field: 'REQUEST_COUNT', direction: 'ASC' },
  ] as const)('reads the first records by $field $direction in as few pages as they need', async (order) => {
    const { asked, list } = serverOf(() => records)
    const { met, totalCount } = await read(list, order, 1_500)
    expect(met).toEqual(inOrder(records, order).slice(0, 1_500))
    expect(totalCount).toBe(5_000)
    // One record tells where the first ones end; they and a tenth more are two pages.
    expect(asked).toHaveLength(3)
  })

  it.each([
    { field: 'EXPIRES_AT', direction: 'DESC' },
    { field: 'REQUEST_COUNT', direction: 'ASC' },
  ] as const)('keeps the filter of the caller where it is narrower, by $field', async (order) => {
    const filter = { expiresAfter: at(3_604_000), requestCountMax: 20 }
    const { list } = serverOf(() => records)
    const { met } = await read(list, order, 5, filter)
    const selected = records.filter(
      ({ expiresAt, requestCount }) => (expiresAt ?? NEVER) > filter.expiresAfter && requestCount <= 20,
    )
    expect(met).toEqual(inOrder(selected, order).slice(0, 5))
  })

  it('reads all if there are few more, or if the first ones never expire', async () => {
    const order = { field: 'EXPIRES_AT', direction: 'DESC' } as const
    const { list } = serverOf(() => records)
    expect((await read(list, order, 4_900)).met).toHaveLength(4_900)
    expect((await read(list, order, 3)).met).toEqual(inOrder(records, order).slice(0, 3))
  })

  it('reads beyond the bound if so many records have gone meanwhile that others are the first', async () => {
    const order = { field: 'EXPIRES_AT', direction: 'DESC' } as const
    const rest = inOrder(records, order).slice(1_000)
    const { asked, list } = serverOf(() => (asked.length === 0 ? records : rest))
    const { met } = await read(list, order, 1_500)
    expect(met).toEqual(rest.slice(0, 1_500))
  })
})
