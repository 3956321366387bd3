import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Answer, startTestApp, type TestApp } from '../support/app.js'

let service: TestApp
beforeAll(async () => {
  service = await startTestApp()
})
afterAll(() => service.close())

const BOB = '244caf9c-4dab-4481-b253-edc618187993'
const PAGE = `query($first: Int, $after: String, $offset: Int, $search: String, $filter: AffinityFilter, $orderBy: AffinityOrder) {
  affinities(first: $first, after: $after, offset: $offset, search: $search, filter: $filter, orderBy: $orderBy) {
    totalCount pageInfo { endCursor hasNextPage } nodes { id }
  }
}`

const page = (variables: object): Promise<Answer> => service.query(PAGE, variables)
const codes = ({ errors }: Answer) => errors.map(({ extensions }) => extensions['code'])

async function expectRefused(variables: object, field: string): Promise<void> {
  const answer = await page(variables)
  expect(codes(answer)).toEqual(['BAD_USER_INPUT'])
  expect(answer.errors[0]?.extensions['field']).toBe(field)
  expect(answer.data?.affinities ?? null).toBeNull()
}

const cursorOf = async (variables: object): Promise<string> => {
  const { data } = await page({ first: 1, ...variables })
  return data.affinities.pageInfo.endCursor
}
const made = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const partsOf = (cursor: string): unknown[] => JSON.parse(Buffer.from(cursor, 'base64url').toString())

describe('an invalid page size is refused, never clamped in silence', () => {
  it.each([100_000, 1_001, 0, -1, -(2 ** 31)])('first: %i', async (first) => {
    await expectRefused({ first }, 'first')
  })

  it.each([100_000, 0, -1])('first: %i, of the affinities of one user', async (first) => {
    const { errors, data } = await service.query(
      'query($n: Int) { userAffinities(identifier: "alice", first: $n) { ... on Error { code } } }',
      { n: first },
    )
    expect([errors, data.userAffinities]).toEqual([[], { code: 'INVALID_INPUT' }])
  })

  it.each(
    ['user', 'apiKey'].flatMap((parent) =>
      ['first: 100000', 'first: 0', 'first: -1', 'after: "x"'].map((given) => [given, parent] as const),
    ),
  )('%s, below %s', async (given, parent) => {
    const query = (args: string) =>
      `{ affinities(first: 1, filter: { userId: "${BOB}" }) { nodes { ${parent} { affinities(${args}) { totalCount } } } } }`
    expect(JSON.stringify((await service.query(query('first: 1'))).data)).toContain('totalCount')
    const answer = await service.query(query(given))
    expect(codes(answer)).toEqual(['BAD_USER_INPUT'])
    expect(JSON.stringify(answer.data)).not.toContain('totalCount')
  })

  it('first: null is the default', async () => {
    const { data } = await page({ first: null })
    expect(data.affinities.nodes).toHaveLength(100)
  })

  it.each([-1, -(2 ** 31)])('offset: %i', async (offset) => {
    await expectRefused({ offset }, 'offset')
  })

  it('offset and after together', async () => {
    await expectRefused({ offset: 1, after: await cursorOf({}) }, 'offset')
  })

  it('an offset past the end is an empty page with the true count', async () => {
    const { data } = await page({ offset: 2 ** 31 - 1 })
    expect(data.affinities).toEqual({
      totalCount: 506,
      pageInfo: { endCursor: null, hasNextPage: false },
      nodes: [],
    })
  })
})

describe('a cursor is refused', () => {
  it.each([
    ['that is empty', ''],
    ['that is a number', '10'],
    ['that is of another service', made('arrayconnection:10')],
    ['that is a plain offset', Buffer.from('arrayconnection:-1').toString('base64')],
    ['that is no base64', '☃'],
    ['of 90,000 characters', 'A'.repeat(90_000)],
    ['that is an object', made({ value: 1, key: 'x' })],
    ['with __proto__', Buffer.from('{"__proto__":{"value":1,"key":"x"}}').toString('base64url')],
    ['that is a list of nothing', made([])],
    ['nested 10,000 deep', Buffer.from(`${'['.repeat(3_000)}${']'.repeat(3_000)}`).toString('base64url')],
  ])('%s', async (_, after) => {
    await expectRefused({ after }, 'after')
  })

  it('of another version, or forged from a real one', async () => {
    const [version, fingerprint, value, key] = partsOf(await cursorOf({}))
    for (const forged of [
      [Number(version) + 1, fingerprint, value, key],
      [version, 'AAAAAAAAAAA', value, key],
      [version, fingerprint, 'Infinity', key],
      [version, fingerprint, null, key],
      [version, fingerprint, [value], key],
      [version, fingerprint, value, { key }],
      [version, fingerprint, value],
      [version, fingerprint, value, key, 'more'],
    ]) {
      await expectRefused({ after: made(forged) }, 'after')
    }
  })

  it.each(['1e999', '-1e999'])('whose number overflows: %s', async (value) => {
    const [version, fingerprint, , key] = partsOf(await cursorOf({}))
    const text = `[${version},${JSON.stringify(fingerprint)},${value},${JSON.stringify(key)}]`
    await expectRefused({ after: Buffer.from(text).toString('base64url') }, 'after')
  })

  it.each<[string, object, object]>([
    ['search', { search: 'a' }, { search: 'b' }],
    ['filter', { filter: { apiFormat: 'CLAUDE' } }, { filter: { apiFormat: 'OPENAI' } }],
    ['filter, where it had none', {}, { filter: { apiFormat: 'CLAUDE' } }],
    ['order', { orderBy: { field: 'CREATED_AT' } }, { orderBy: { field: 'REQUEST_COUNT' } }],
    ['direction', { orderBy: { direction: 'ASC' } }, { orderBy: { direction: 'DESC' } }],
  ])('of another %s', async (_, from, to) => {
    await expectRefused({ ...to, after: await cursorOf(from) }, 'after')
  })

  it('that comes from the list of all affinities, for those of one user', async () => {
    const { data } = await service.query(
      'query($a: String) { userAffinities(identifier: "alice", after: $a) { ... on Error { code } } }',
      { a: await cursorOf({}) },
    )
    expect(data.userAffinities).toEqual({ code: 'INVALID_INPUT' })
  })

  it('that comes from another user’s affinities', async () => {
    const query = `query($who: String!, $a: String) { userAffinities(identifier: $who, first: 1, after: $a) {
      ... on UserAffinities { affinities { pageInfo { endCursor } } } ... on Error { code } } }`
    const { data: owners } = await service.query('{ affinities(first: 1000) { nodes { user { id } } } }')
    const ids = owners.affinities.nodes.map((node: { user: { id: string } | null }) => node.user?.id)
    const [one, another] = [...new Set<string>(ids.filter((id?: string) => id !== undefined))]
    const { data } = await service.query(query, { who: one })
    const cursor = data.userAffinities.affinities.pageInfo.endCursor
    expect(cursor).toEqual(expect.any(String))
    const other = await service.query(query, { who: another, a: cursor })
    expect(other.data.userAffinities).toEqual({ code: 'INVALID_INPUT' })
  })
})

describe('a cursor', () => {
  it('of a record that is gone is still a valid position', async () => {
    const all = await page({ first: 20 })
    const third = await page({ first: 3 })
    const after = third.data.affinities.pageInfo.endCursor
    const key = String(partsOf(after)[3])
    const client = service.redis.client()
    const kept = await client.dump(key)
    await client.del(key)
    const next = await page({ first: 5, after })
    expect(next.data.affinities.nodes).toEqual(all.data.affinities.nodes.slice(3, 8))
    expect(kept).not.toBeNull()
  })

  it('forged for a key that never existed is only a position, and reveals nothing', async () => {
    const [version, fingerprint, value] = partsOf(await cursorOf({}))
    const { errors, data } = await page({ after: made([version, fingerprint, value, 'jwt:blacklist:*']) })
    expect(errors).toEqual([])
    expect(JSON.stringify(data)).not.toContain('jwt')
  })
})
