import fc from 'fast-check'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.js'
import { inOrder, keyOfNode, type Order, type Pin } from './affinity-model.js'
import { MODES, untilShown } from './shown.js'

/** Unix seconds of the year 2100. */
const LATER = 4_102_444_800

const NOW = Date.now()

const PAGE = `
  query Page($first: Int, $after: String, $offset: Int, $search: String, $filter: AffinityFilter, $orderBy: AffinityOrder) {
    affinities(first: $first, after: $after, offset: $offset, search: $search, filter: $filter, orderBy: $orderBy) {
      totalCount
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      edges { cursor node { affinityKey apiFormat modelId } }
    }
  }`

interface Page {
  readonly totalCount: number
  readonly keys: string[]
  readonly cursors: string[]
  readonly endCursor: string | null
  readonly hasNextPage: boolean
  readonly hasPreviousPage: boolean
}

const keyOf = (n: number) => `cache_affinity:a-${n}:CLAUDE:m`

describe.each(MODES)('pages of affinities, %s,', (_mode, env) => {
  let service: TestApp
  let redis: Redis
  beforeAll(async () => {
    service = await startTestApp({ redis: 'empty', now: () => NOW, env })
    redis = service.redis.client()
  })
  beforeEach(async () => {
    await redis.flushall()
    await untilShown(service)
  })
  afterAll(() => service.close())

  /** Stores one record, to which Redis gives an expiry far away; the value counts for every order. */
  const put = (n: number, value: number) =>
    redis.set(
      keyOf(n),
      JSON.stringify({
        provider_id: 'p',
        endpoint_id: 'e',
        key_id: 'k',
        created_at: value,
        expire_at: value,
        request_count: value,
      }),
      'PXAT',
      (LATER + value) * 1_000,
    )
  const putAll = async (values: readonly number[]) => {
    await Promise.all(values.map((value, n) => put(n, value)))
    await untilShown(service)
  }

  const ask = async (variables: object): Promise<Page> => {
    const { data, errors } = await service.query(PAGE, variables)
    expect(errors).toEqual([])
    const { totalCount, pageInfo, edges } = data.affinities
    const { endCursor, hasNextPage, hasPreviousPage } = pageInfo
    return {
      totalCount,
      endCursor,
      hasNextPage,
      hasPreviousPage,
      keys: edges.map(({ node }: { node: Parameters<typeof keyOfNode>[0] }) => keyOfNode(node)),
      cursors: edges.map(({ cursor }: { cursor: string }) => cursor),
    }
  }

  const refusal = async (variables: object) => {
    const { data, errors } = await service.query(PAGE, variables)
    expect(data).toBeNull()
    expect(errors).toHaveLength(1)
    return errors[0]
  }

  describe('with invalid arguments are refused in plain words:', () => {
    it.each([
      ['first', { first: 0 }, 'first must be between 1 and 1000; it was 0.'],
      ['first', { first: -1 }, 'first must be between 1 and 1000; it was -1.'],
      ['first', { first: 1001 }, 'first must be between 1 and 1000; it was 1001.'],
      ['first', { first: 100_000 }, 'first must be between 1 and 1000; it was 100000.'],
      ['offset', { offset: -1 }, 'offset must not be negative; it was -1.'],
      ['offset', { offset: 0, after: 'x' }, 'offset and after cannot be combined: use one of the two.'],
      ['after', { after: 'x' }, 'after is not a cursor of this service.'],
      ['after', { after: '' }, 'after is not a cursor of this service.'],
      ['after', { after: 'x'.repeat(10_000) }, 'after is not a cursor of this service.'],
    ])('%s in %j', async (field, variables, message) => {
      expect(await refusal(variables)).toMatchObject({
        message,
        path: ['affinities'],
        extensions: { code: 'BAD_USER_INPUT', field },
      })
    })

    it.each([
      ['a number that is no Int', { first: 2 ** 31 }],
      ['half a record', { first: 1.5 }],
      ['text as a number', { first: '5' }],
      ['an object as an id', { filter: { providerId: { id: 'p' } } }],
      ['a list as text', { search: ['a'] }],
      ['an unknown filter', { filter: { name: 'bob' } }],
      ['an unknown order', { orderBy: { field: 'NAME' } }],
    ])('%s', async (_what, variables) => {
      const { data, errors } = await service.query(PAGE, variables)
      expect(data ?? null).toBeNull()
      expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }])
    })
  })

  describe('of records with names of any length', () => {
    // A client of the gateway may ask for a model with a name of any length.
    const keysUpTo = (longest: number) =>
      [1, 511, 512, 513, 7_000, 7_001, longest]
        .flatMap((length) => [
          'm'.repeat(length),
          `${'m'.repeat(length - 1)}模`,
          `${'\u0001'.repeat(length - 1)}n`,
        ])
        .map((name) => `cache_affinity:a:CLAUDE:${name}`)

    // A page of a million letters takes a second, and one order's pages are enough to see that it may be asked for.
    it.each([
      ['EXPIRES_AT', 'DESC', 1_000_000],
      ['CREATED_AT', 'ASC', 20_000],
      ['REQUEST_COUNT', 'DESC', 20_000],
    ] as const)('contain each record once by %s %s, in pages of one', async (field, direction, longest) => {
      const keys = keysUpTo(longest)
      await Promise.all(
        keys.map((key) =>
          redis.set(
            key,
            '{"provider_id":"p","endpoint_id":"e","key_id":"k","created_at":1,"expire_at":1,"request_count":1}',
          ),
        ),
      )
      await untilShown(service)
      const met: string[] = []
      for (let after: string | null = null, more = true; more; ) {
        const page: Page = await ask({ first: 1, after, orderBy: { field, direction } })
        met.push(...page.keys)
        // A cursor must be short enough for any request, however long the record's key is.
        expect(page.endCursor?.length).toBeLessThan(5_000)
        after = page.endCursor
        more = page.hasNextPage
      }
      expect(met).toHaveLength(keys.length)
      expect(new Set(met)).toEqual(new Set(keys))
    })
  })

  describe('by cursor', () => {
    beforeEach(() => putAll([5, 3, 1, 4, 2]))

    it('go on where the last one ended, and say whether more come', async () => {
      const first = await ask({ first: 2 })
      expect(first).toMatchObject({
        keys: [keyOf(0), keyOf(3)],
        totalCount: 5,
        hasNextPage: true,
        hasPreviousPage: false,
      })
      const second = await ask({ first: 2, after: first.endCursor })
      expect(second).toMatchObject({ keys: [keyOf(1), keyOf(4)], hasNextPage: true, hasPreviousPage: true })
      const third = await ask({ first: 2, after: second.endCursor })
      expect(third).toMatchObject({ keys: [keyOf(2)], hasNextPage: false, hasPreviousPage: true })
      const fourth = await ask({ first: 2, after: third.endCursor })
      expect(fourth).toMatchObject({
        keys: [],
        totalCount: 5,
        endCursor: null,
        hasNextPage: false,
        hasPreviousPage: true,
      })
    })

    it('go on after any of their records, not only the last', async () => {
      const { cursors, keys } = await ask({})
      for (const [n, after] of cursors.entries())
        expect((await ask({ after })).keys).toEqual(keys.slice(n + 1))
    })

    it('may have different sizes', async () => {
      const { endCursor } = await ask({ first: 1 })
      expect((await ask({ first: 1000, after: endCursor })).keys).toHaveLength(4)
    })

    it('belong to one query: a cursor of another search, filter or order is refused', async () => {
      const { endCursor: after } = await ask({ first: 1 })
      for (const other of [
        { orderBy: { field: 'CREATED_AT', direction: 'DESC' } },
        { orderBy: { field: 'EXPIRES_AT', direction: 'ASC' } },
        { search: 'a-' },
        { filter: { apiFormat: 'CLAUDE' } },
        { filter: { stale: true } },
      ]) {
        expect(await refusal({ after, ...other }), JSON.stringify(other)).toMatchObject({
          message: 'after is a cursor of another search, filter or order.',
          extensions: { code: 'BAD_USER_INPUT', field: 'after' },
        })
      }
    })

    it('accept a cursor of the same query in other words', async () => {
      const { endCursor: after } = await ask({
        first: 1,
        filter: { apiFormat: 'CLAUDE', modelId: 'm' },
        search: 'a-',
      })
      const again = await ask({
        after,
        search: '  a- ',
        filter: { modelId: 'm', stale: null, apiFormat: 'CLAUDE' },
        orderBy: { field: 'EXPIRES_AT' },
      })
      expect(again.keys).toHaveLength(4)
    })

    it('that were cut, lengthened or made up are refused', async () => {
      const { endCursor } = await ask({ first: 1 })
      const parts = JSON.parse(Buffer.from(endCursor ?? '', 'base64url').toString())
      const forged = (change: (parts: unknown[]) => unknown) =>
        Buffer.from(JSON.stringify(change([...parts]))).toString('base64url')
      for (const after of [
        endCursor?.slice(0, -2),
        endCursor?.slice(3),
        forged((all) => all.slice(0, 3)),
        forged((all) => [...all, 1]),
        forged(([, ...rest]) => [2, ...rest]),
        forged(([version, query, , key]) => [version, query, '5', key]),
        forged(([version, query, , key]) => [version, query, null, key]),
        Buffer.from(`[${parts[0]},"${parts[1]}",1e999,"k"]`).toString('base64url'),
        forged(([version, query, value]) => [version, query, value, 7]),
        forged(([version, query, value]) => [version, query, value, { key: 1 }]),
        forged(([version, , value, key]) => [version, 'AAAAAAAAAAA', value, key]),
        forged(() => ({ length: 4 })),
        forged(() => null),
      ])
        expect(await refusal({ after }), after).toMatchObject({ extensions: { field: 'after' } })
    })

    it('accept a well-formed cursor of a record that does not exist as a position', async () => {
      const { endCursor, keys } = await ask({ first: 1 })
      const [version, query] = JSON.parse(Buffer.from(endCursor ?? '', 'base64url').toString())
      const at = (value: string, key: string) =>
        Buffer.from(`[${version},"${query}",${value},${JSON.stringify(key)}]`).toString('base64url')
      expect((await ask({ after: at('1e300', '') })).keys).toEqual([
        ...keys,
        ...(await ask({ after: endCursor })).keys,
      ])
      expect((await ask({ after: at('-1e300', '') })).keys).toEqual([])
      expect((await ask({ after: at(`${LATER + 3.5}`, 'no such key') })).keys).toEqual([
        keyOf(1),
        keyOf(4),
        keyOf(2),
      ])
    })

    it('go on when the record that they point at is gone', async () => {
      const { endCursor, keys } = await ask({ first: 2 })
      await redis.del(keys)
      await untilShown(service)
      expect(await ask({ first: 10, after: endCursor })).toMatchObject({
        keys: [keyOf(1), keyOf(4), keyOf(2)],
        totalCount: 3,
        hasPreviousPage: false,
      })
    })
  })

  it('go on among records with equal values', async () => {
    await putAll(Array.from({ length: 25 }, () => 7))
    const all = Array.from({ length: 25 }, (_, n) => keyOf(n)).sort()
    for (const [direction, expected] of [
      ['ASC', all],
      ['DESC', [...all].reverse()],
    ] as const) {
      const keys: string[] = []
      let after: string | null = null
      for (let page = 0; page < 9; page += 1) {
        const got: Page = await ask({ first: 3, after, orderBy: { field: 'REQUEST_COUNT', direction } })
        keys.push(...got.keys)
        after = got.endCursor
      }
      expect(keys).toEqual(expected)
    }
  })

  it('by offset may lie anywhere, past the end included', async () => {
    await putAll([3, 2, 1])
    expect(await ask({ first: 2, offset: 1 })).toMatchObject({
      keys: [keyOf(1), keyOf(2)],
      totalCount: 3,
      hasNextPage: false,
      hasPreviousPage: true,
    })
    for (const offset of [3, 4, 2 ** 31 - 1])
      expect(await ask({ offset })).toMatchObject({
        keys: [],
        totalCount: 3,
        hasNextPage: false,
        hasPreviousPage: true,
      })
  })

  it('of no records at all are empty', async () => {
    expect(await ask({})).toEqual({
      totalCount: 0,
      keys: [],
      cursors: [],
      endCursor: null,
      hasNextPage: false,
      hasPreviousPage: false,
    })
  })

  it('go on past a record with a very long name', async () => {
    await put(1, 1)
    await redis.rename(keyOf(1), `cache_affinity:a:CLAUDE:${'模'.repeat(1_500)}`)
    await put(2, 0)
    await untilShown(service)
    const { endCursor } = await ask({ first: 1 })
    expect((await ask({ first: 1, after: endCursor })).keys).toEqual([keyOf(2)])
  })

  describe('while records come, go and change between them', () => {
    type Change = { readonly n: number; readonly value: number | undefined }
    const RECORDS = 24
    const value = fc.nat({ max: 6 })
    const changes: fc.Arbitrary<Change[][]> = fc.array(
      fc.array(fc.record({ n: fc.nat({ max: RECORDS + 8 }), value: fc.option(value, { nil: undefined }) }), {
        maxLength: 6,
      }),
      { maxLength: 8 },
    )
    const order = fc.record<Order>({
      field: fc.constantFrom('EXPIRES_AT', 'CREATED_AT', 'REQUEST_COUNT'),
      direction: fc.constantFrom('ASC', 'DESC'),
    })

    it('miss and repeat no record whose value stayed the same', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(value, { minLength: RECORDS, maxLength: RECORDS }),
          changes,
          order,
          fc.integer({ min: 1, max: 6 }),
          async (values, betweenPages, orderBy, first) => {
            await redis.flushall()
            await putAll(values)
            const touched = new Set<string>()
            const keys: string[] = []
            let after: string | null = null
            for (let page = 0; ; page += 1) {
              const got: Page = await ask({ first, after, orderBy })
              keys.push(...got.keys)
              if (!got.hasNextPage) break
              after = got.endCursor
              for (const change of betweenPages[page] ?? []) {
                touched.add(keyOf(change.n))
                if (change.value === undefined) await redis.del(keyOf(change.n))
                else await put(change.n, change.value)
              }
              await untilShown(service)
            }
            const steady = values.map((at, n) => pinOf(n, at)).filter(({ key }) => !touched.has(key))
            expect(keys.filter((key) => !touched.has(key))).toEqual(
              inOrder(steady, orderBy).map(({ key }) => key),
            )
          },
        ),
        { numRuns: 40 },
      )
    })
  })
})

const pinOf = (n: number, value: number): Pin => ({
  key: keyOf(n),
  affinityKey: `a-${n}`,
  apiFormat: 'CLAUDE',
  modelId: 'm',
  providerId: 'p',
  endpointId: 'e',
  providerKeyId: 'k',
  requestCount: value,
  createdAt: value,
  expiresAt: LATER + value,
  writtenExpiry: value,
})
