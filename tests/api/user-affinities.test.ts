import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.js'
import { expectedPins, fixturePins, keyOfNode, type Rows, readRows } from './affinity-model.js'

const NOW = Date.now()
const BOB = '244caf9c-4dab-4481-b253-edc618187993'
const BOBS_KEY = '919dcc0f-8ccd-480c-a076-256001b8d526'
const DELETED_KEY = '8ad0e43e-0715-4f4d-9924-1adc3d49bfc9'

describe('the affinities of one owner', () => {
  let service: TestApp
  let rows: Rows
  const pins = fixturePins(NOW)
  beforeAll(async () => {
    service = await startTestApp({ now: () => NOW })
    rows = await readRows(service.databaseUrl)
  })
  afterAll(() => service.close())

  const keysOf = (filter: object) => expectedPins(pins, rows, NOW, { filter }).map(({ key }) => key)

  describe('userAffinities', () => {
    const ask = async (identifier: string, page: object = {}) => {
      const { data, errors } = await service.query(
        `query ($identifier: String!, $first: Int, $after: String) {
          userAffinities(identifier: $identifier, first: $first, after: $after) {
            __typename
            ... on UserAffinities { user { id } apiKey { id } affinities {
              totalCount matchedUser { id } pageInfo { hasNextPage endCursor }
              nodes { affinityKey apiFormat modelId user { id username apiKeys { id } } } } }
            ... on Error { code message }
            ... on InvalidInputError { field }
          }
        }`,
        { identifier, ...page },
      )
      expect(errors).toEqual([])
      return data.userAffinities
    }

    it.each([
      ['id', BOB],
      ['username', 'bob'],
      ['email', 'bob2@example.com'],
      ['name between blanks', ' bob '],
    ])('finds a user by %s', async (_what, identifier) => {
      const found = await ask(identifier)
      expect(found).toMatchObject({ __typename: 'UserAffinities', user: { id: BOB }, apiKey: null })
      expect(found.affinities.totalCount).toBe(30)
      expect(found.affinities.nodes.map(keyOfNode)).toEqual(keysOf({ userId: BOB }))
    })

    it('finds an API key by id, and then lists only its own', async () => {
      const found = await ask(BOBS_KEY)
      expect(found).toMatchObject({ user: { id: BOB }, apiKey: { id: BOBS_KEY } })
      expect(found.affinities.nodes.map(keyOfNode)).toEqual(keysOf({ affinityKey: BOBS_KEY }))
    })

    it('finds a user who has none', async () => {
      expect(await ask('alice')).toMatchObject({ affinities: { totalCount: 0, nodes: [] } })
    })

    it('reads on from a cursor', async () => {
      const first = await ask('bob', { first: 20 })
      const second = await ask('bob', { first: 20, after: first.affinities.pageInfo.endCursor })
      expect(first.affinities.pageInfo.hasNextPage).toBe(true)
      expect(second.affinities.pageInfo.hasNextPage).toBe(false)
      expect([...first.affinities.nodes, ...second.affinities.nodes].map(keyOfNode)).toEqual(
        keysOf({ userId: BOB }),
      )
    })

    it.each(['BOB', 'bo', 'nobody', 'bob2@EXAMPLE.com', BOB.toUpperCase(), '%', DELETED_KEY])(
      'answers NotFoundError for %s: exact matches only',
      async (identifier) => {
        expect(await ask(identifier)).toEqual({
          __typename: 'NotFoundError',
          code: 'NOT_FOUND',
          message: 'No user has this id, username or email, and no API key has this id.',
        })
      },
    )

    it.each([
      ['identifier', '   ', {}],
      ['identifier', 'x'.repeat(300), {}],
      ['identifier', 'a\0b', {}],
      ['first', 'bob', { first: 0 }],
      ['first', 'bob', { first: -1 }],
      ['first', 'bob', { first: 1001 }],
      ['after', 'bob', { after: 'nonsense' }],
    ])('answers InvalidInputError that names %s, for %j with %j', async (field, identifier, page) => {
      expect(await ask(identifier, page)).toMatchObject({
        __typename: 'InvalidInputError',
        code: 'INVALID_INPUT',
        field,
      })
    })

    it('refuses the cursor of another user', async () => {
      const { affinities } = await ask('bob', { first: 1 })
      expect(await ask('dave', { after: affinities.pageInfo.endCursor })).toMatchObject({ field: 'after' })
    })
  })

  it('are also a field of a user and of an API key, in pages', async () => {
    const { data, errors } = await service.query(
      `query ($search: String!, $after: String) { affinities(first: 1, search: $search) {
        matchedUser { affinities(first: 20, after: $after) { totalCount pageInfo { endCursor } nodes { affinityKey apiFormat modelId } } }
        matchedApiKey { affinities { totalCount nodes { affinityKey apiFormat modelId } } } } }`,
      { search: BOBS_KEY },
    )
    expect(errors).toEqual([])
    const { matchedUser, matchedApiKey } = data.affinities
    expect(matchedUser.affinities.totalCount).toBe(30)
    expect(matchedUser.affinities.nodes.map(keyOfNode)).toEqual(keysOf({ userId: BOB }).slice(0, 20))
    expect(matchedApiKey.affinities.nodes.map(keyOfNode)).toEqual(keysOf({ affinityKey: BOBS_KEY }))

    const rest = await service.query(
      'query ($after: String) { affinities(search: "bob", first: 1) { matchedUser { affinities(after: $after) { nodes { affinityKey apiFormat modelId } } } } }',
      { after: matchedUser.affinities.pageInfo.endCursor },
    )
    expect(rest.data.affinities.matchedUser.affinities.nodes.map(keyOfNode)).toEqual(
      keysOf({ userId: BOB }).slice(20),
    )
  })

  it('refuse a page of a user’s or a key’s that is out of range', async () => {
    for (const args of ['(first: 0)', '(first: 1001)', '(after: "x")']) {
      const { data, errors } = await service.query(
        `{ affinities(search: "bob") { matchedUser { id affinities${args} { totalCount } } } }`,
      )
      expect(data, args).toEqual({ affinities: { matchedUser: null } })
      expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }])
    }
  })

  it('are counted for a provider, all of them, whatever the page holds', async () => {
    const { data, errors } = await service.query(
      '{ affinities(first: 1000) { nodes { provider { id affinityCount } } } }',
    )
    expect(errors).toEqual([])
    const counts = new Map<string, number>(
      data.affinities.nodes.flatMap(
        ({ provider }: { provider: { id: string; affinityCount: number } | null }) =>
          provider ? [[provider.id, provider.affinityCount]] : [],
      ),
    )
    expect(counts.size).toBe(6)
    for (const [id, count] of counts)
      expect(count).toBe(pins.filter(({ providerId }) => providerId === id).length)
  })
})
