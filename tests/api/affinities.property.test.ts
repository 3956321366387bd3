import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.js'
import {
  expectedPins,
  type Filter,
  fixturePins,
  idOf,
  keyOfNode,
  lastUsedOf,
  type Order,
  type Pin,
  type Question,
  type Rows,
  readRows,
  staleReasonsOf,
} from './affinity-model.js'
import { MODES } from './shown.js'

const PAGE = `
  query Page($first: Int, $after: String, $offset: Int, $search: String, $filter: AffinityFilter, $orderBy: AffinityOrder) {
    affinities(first: $first, after: $after, offset: $offset, search: $search, filter: $filter, orderBy: $orderBy) {
      totalCount
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      edges { cursor }
      nodes { affinityKey apiFormat modelId staleReasons }
    }
  }`

const NOW = Date.now()

/** A moment by the time of a record: the same millisecond, a neighbour, or some minutes away. */
const moment = (seconds: number) =>
  fc
    .constantFrom(0, 1, -1, 400_000, -400_000)
    .map((milliseconds) => new Date(Math.round(seconds * 1000) + milliseconds).toISOString())
const count = ({ requestCount }: Pin) => fc.constantFrom(0, 1, -1, 50).map((more) => requestCount + more)
/** Seconds that no record of the fixtures comes to be unused for while the test runs: Redis's own clock decides, and goes on. */
const steadySeconds = (pins: readonly Pin[], rows: Rows): number[] =>
  [0, 1, 10, 100, 1_000, 10_000, 1_000_000].filter((seconds) =>
    pins.every((pin) => {
      const missing = lastUsedOf(pin, rows) - (NOW - seconds * 1_000)
      return missing <= 0 || missing > LONGEST_RUN_MS
    }),
  )
const LONGEST_RUN_MS = 300_000
/** Most pages that one question is read in, so that a run stays short. */
const MAX_PAGES = 6

describe.each(MODES)('any search, filter and order over the fixtures, %s,', (_mode, env) => {
  let service: TestApp
  let pins: Pin[]
  let rows: Rows
  beforeAll(async () => {
    service = await startTestApp({ now: () => NOW, env })
    pins = fixturePins(NOW)
    rows = await readRows(service.databaseUrl)
  })
  afterAll(() => service.close())

  const page = async (question: Question, paging: object) => {
    const { data, errors } = await service.query(PAGE, { ...question, ...paging })
    expect(errors).toEqual([])
    return data.affinities
  }

  /** All keys, page by page, with every page's own claims checked. */
  async function readPages(question: Question, first: number, by: 'after' | 'offset'): Promise<string[]> {
    const expected = expectedPins(pins, rows, NOW, question).map(({ key }) => key)
    const keys: string[] = []
    let after: string | null = null
    for (;;) {
      const position = by === 'offset' ? { offset: keys.length } : { after }
      const { totalCount, nodes, edges, pageInfo } = await page(question, { first, ...position })
      expect(totalCount).toBe(expected.length)
      expect(pageInfo).toEqual({
        hasPreviousPage: keys.length > 0,
        hasNextPage: keys.length + nodes.length < expected.length,
        startCursor: edges[0]?.cursor ?? null,
        endCursor: edges.at(-1)?.cursor ?? null,
      })
      keys.push(...nodes.map(keyOfNode))
      after = pageInfo.endCursor
      if (!pageInfo.hasNextPage) return keys
    }
  }

  const ownerOf = (pin: Pin) => String(rows.api_keys.get(pin.affinityKey)?.['user_id'] ?? 'nobody')
  /** Values of some records, the given one among them more often than not, and values of none. */
  const listOf = (pin: Pin, of: (pin: Pin) => string): fc.Arbitrary<string[]> =>
    fc.oneof(someOf(pins.map(of), of(pin)), fc.array(UNKNOWN, { minLength: 1, maxLength: 2 }))

  /** Questions whose answers are not all empty: their values come from one record, or from none. */
  const question = (): fc.Arbitrary<Question> => {
    const filterOf = (pin: Pin): fc.Arbitrary<Filter> =>
      fc.record(
        {
          affinityKey: value(pin.affinityKey),
          userId: value(ownerOf(pin)),
          providerId: value(pin.providerId),
          endpointId: value(pin.endpointId),
          providerKeyId: value(pin.providerKeyId),
          modelId: value(pin.modelId),
          apiFormat: value(pin.apiFormat),
          ids: someOf(pins.map(idOf), idOf(pin)),
          affinityKeys: listOf(pin, ({ affinityKey }) => affinityKey),
          userIds: listOf(pin, ownerOf),
          providerIds: listOf(pin, ({ providerId }) => providerId),
          endpointIds: listOf(pin, ({ endpointId }) => endpointId),
          providerKeyIds: listOf(pin, ({ providerKeyId }) => providerKeyId),
          modelIds: listOf(pin, ({ modelId }) => modelId),
          apiFormats: listOf(pin, ({ apiFormat }) => apiFormat),
          stale: fc.boolean(),
          createdBefore: moment(pin.createdAt),
          createdAfter: moment(pin.createdAt),
          expiresBefore: moment(pin.expiresAt),
          expiresAfter: moment(pin.expiresAt),
          requestCountMin: count(pin),
          requestCountMax: count(pin),
          unusedForSeconds: fc.constantFrom(...steadySeconds(pins, rows)),
        },
        { requiredKeys: [] },
      )
    // A filter on few fields: on all of them it would mostly name one record.
    const few = (filter: Filter, kept: readonly string[]): Filter =>
      Object.fromEntries(Object.entries(filter).filter(([field]) => kept.includes(field)))
    const fields = fc.subarray(
      [
        ...[
          'affinityKey',
          'userId',
          'providerId',
          'endpointId',
          'providerKeyId',
          'modelId',
          'apiFormat',
          'stale',
        ],
        ...['ids', 'affinityKeys', 'userIds', 'providerIds', 'endpointIds', 'providerKeyIds', 'modelIds'],
        'apiFormats',
        ...['createdBefore', 'createdAfter', 'expiresBefore', 'expiresAfter'],
        ...['requestCountMin', 'requestCountMax', 'unusedForSeconds'],
      ],
      { maxLength: 3 },
    )
    return fc.constantFrom(...pins).chain((pin) =>
      fc
        .record({
          filter: filterOf(pin),
          fields,
          search: fc.option(searchFor(pin), { nil: undefined, freq: 1 }),
          orderBy: fc.option(order, { nil: undefined }),
        })
        .map(({ filter, fields: kept, ...rest }) => ({ filter: few(filter, kept), ...rest })),
    )
  }

  const searchFor = (pin: Pin): fc.Arbitrary<string> => {
    const apiKey = rows.api_keys.get(pin.affinityKey)
    const user = rows.users.get(String(apiKey?.['user_id']))
    const names = [
      pin.affinityKey,
      apiKey?.['name'],
      user?.id,
      user?.['username'],
      user?.['email'],
      pin.providerId,
      rows.providers.get(pin.providerId)?.['name'],
      pin.providerKeyId,
      rows.provider_api_keys.get(pin.providerKeyId)?.['name'],
      pin.modelId,
      rows.global_models.get(pin.modelId)?.['name'],
    ].filter((name) => typeof name === 'string' && name.trim() !== '')
    return fc
      .tuple(fc.constantFrom(...names), fc.nat(), fc.integer({ min: 1, max: 40 }), fc.constantFrom(...CASES))
      .map(([name, from, length, inCase]) => {
        const text = String(name)
        const start = length > 20 ? 0 : from % text.length
        return inCase(length > 30 ? text : text.slice(start, start + length))
      })
      .filter((text) => text.trim() !== '')
  }

  it('gives exactly the right records, in pages by cursor and in pages by offset', async () => {
    await fc.assert(
      fc.asyncProperty(
        question(),
        fc.integer({ min: 1, max: MAX_PAGES }),
        fc.constantFrom('after', 'offset'),
        async (asked, pages, by) => {
          const expected = expectedPins(pins, rows, NOW, asked).map(({ key }) => key)
          const first = Math.max(1, Math.ceil(expected.length / pages))
          expect(await readPages(asked, first, by)).toEqual(expected)
        },
      ),
      { numRuns: 150 },
    )
  })

  it('gives an offset anywhere, past the end included', async () => {
    const place = fc.record({ first: fc.integer({ min: 1, max: 1000 }), offset: fc.nat({ max: 600 }) })
    await fc.assert(
      fc.asyncProperty(question(), place, async (asked, { first, offset }) => {
        const expected = expectedPins(pins, rows, NOW, asked).map(({ key }) => key)
        const { totalCount, nodes, pageInfo } = await page(asked, { first, offset })
        expect(totalCount).toBe(expected.length)
        expect(nodes.map(keyOfNode)).toEqual(expected.slice(offset, offset + first))
        expect(pageInfo).toMatchObject({
          hasNextPage: offset + first < expected.length,
          hasPreviousPage: offset > 0 && expected.length > 0,
        })
      }),
      { numRuns: 50 },
    )
  })

  it('gives the stale reasons of every record', async () => {
    const { nodes } = await page({}, { first: 1000 })
    const reasons = new Map(
      nodes.map((node: { staleReasons: string[] } & Parameters<typeof keyOfNode>[0]) => [
        keyOfNode(node),
        [...node.staleReasons].sort(),
      ]),
    )
    expect(reasons).toEqual(new Map(pins.map((pin) => [pin.key, staleReasonsOf(pin, rows, NOW).sort()])))
  })
})

const UNKNOWN = fc.constantFrom('nothing-has-this-id', '*', '%', '', 'a:b', '__proto__', "' OR 1=1 --")
const value = (known: string) => fc.oneof({ weight: 6, arbitrary: fc.constant(known) }, UNKNOWN)
const someOf = (values: readonly string[], known: string): fc.Arbitrary<string[]> =>
  fc.array(fc.oneof(fc.constant(known), fc.constantFrom(...values)), { minLength: 1, maxLength: 20 })
const CASES = [
  (text: string) => text,
  (text: string) => text.toUpperCase(),
  (text: string) => text.toLowerCase(),
  (text: string) => `  ${text} `,
]
const order: fc.Arbitrary<Order> = fc.record({
  field: fc.constantFrom('EXPIRES_AT', 'CREATED_AT', 'REQUEST_COUNT'),
  direction: fc.constantFrom('ASC', 'DESC'),
})
