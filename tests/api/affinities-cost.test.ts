import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.js'
import { type Rows, readRows, sql } from './affinity-model.js'
import { untilShown } from './shown.js'

const NOW = Date.now()
const EXTRA = 1_000

const EVERY_FIELD = `
  fragment EveryField on Affinity {
    id affinityKey apiFormat modelId modelName modelDisplayName providerId endpointId providerKeyId
    rateMultiplier isStandalone requestCount createdAt expiresAt ttlSeconds staleReasons
    apiKey { id name maskedKey isStandalone isActive expiresAt user { id username apiKeys { id maskedKey } } }
    user { id username email role isActive apiKeys { id name maskedKey user { id } } }
    provider { id name displayName isActive affinityCount }
    endpoint { id apiFormat baseUrl isActive provider { id name } }
    providerKey { id name maskedKey rateMultiplier cacheTtlMinutes isActive endpoint { id provider { id } } }
    model { id name displayName isActive }
  }`

const page = (args: string) => `{ affinities${args} { totalCount nodes { ...EveryField } } } ${EVERY_FIELD}`

/** Each table that a statement reads, once; a table of two statements is there twice. What a function returns is none. */
const tablesIn = (statement: string) => [
  ...new Set(
    Array.from(
      statement.matchAll(/\b(?:FROM|JOIN(?! LATERAL))\s+(?:"public"\.)?"?(\w+)\b"?(?!\()/gi),
      ([, table]) => table,
    ),
  ),
]

/** The tables of the one statement that reads all that verdicts depend on. */
const OF_VERDICTS = [
  'api_keys',
  'global_models',
  'models',
  'provider_api_keys',
  'provider_endpoints',
  'providers',
  'users',
]
const OF_JOINS = OF_VERDICTS.filter((table) => table !== 'models')

describe('a page of affinities', () => {
  let service: TestApp
  let rows: Rows
  beforeAll(async () => {
    service = await startTestApp({ now: () => NOW })
    rows = await readRows(service.databaseUrl)
    // A thousand more, over all keys, providers, endpoints, provider keys and models that there are.
    const redis = service.redis.client()
    const nth = (table: keyof Rows, n: number) => [...rows[table].keys()][n % rows[table].size] ?? ''
    await Promise.all(
      Array.from({ length: EXTRA }, (_, n) =>
        redis.set(
          `cache_affinity:${nth('api_keys', n)}:EXTRA:${nth('global_models', n)}:${n}`,
          JSON.stringify({
            provider_id: nth('providers', n),
            endpoint_id: nth('provider_endpoints', n),
            key_id: nth('provider_api_keys', n),
            created_at: NOW / 1000,
            expire_at: NOW / 1000 + 86_400 + n,
            request_count: n,
          }),
        ),
      ),
    )
    await untilShown(service)
  })
  afterAll(() => service.close())

  const tablesOf = async (document: string) => {
    const statements = await service.statementsOf(async () => {
      const { errors } = await service.query(document)
      expect(errors).toEqual([])
    })
    return statements.flatMap(tablesIn).sort()
  }

  it('of 1,000 with every nested field reads each table once, and once more for all verdicts', async () => {
    const { data } = await service.query(page('(first: 1000)'))
    expect(data.affinities.totalCount).toBe(506 + EXTRA)
    expect(data.affinities.nodes).toHaveLength(1000)
    expect(await tablesOf(page('(first: 1000)'))).toEqual([...OF_JOINS, ...OF_VERDICTS].sort())
  })

  it('later in a walk reads no row again that the walk has read, and the first page of each walk reads all', async () => {
    const walked = (after = '') => `{ affinities(first: 500, filter: { apiFormat: "EXTRA" }${after}) {
      pageInfo { endCursor }
      nodes { modelName usability staleReasons conditions apiKey { name } user { username } provider { name }
        endpoint { baseUrl } providerKey { name } } } }`
    const { data } = await service.query(walked())
    const second = walked(`, after: "${data.affinities.pageInfo.endCursor}"`)
    const alone = (await service.query(second)).data.affinities.nodes
    expect(alone).toHaveLength(500)
    // Rows are kept for 4 s, in which a slow machine may not come to ask again.
    await expect.poll(() => tablesOf(second), { timeout: 20_000 }).toEqual([])
    expect((await service.query(second)).data.affinities.nodes).toEqual(alone)
    expect(await tablesOf(walked())).toEqual([...OF_JOINS, ...OF_VERDICTS].sort())
  })

  it('costs the same through nodes, edges and fragments', async () => {
    const six = await tablesOf(page('(first: 1000)'))
    expect(await tablesOf(page('(first: 1)'))).toEqual(six)
    expect(
      await tablesOf(
        `{ affinities(first: 1000) { edges { node { ... on Affinity { ...EveryField } } } } } ${EVERY_FIELD}`,
      ),
    ).toEqual(six)
    expect(
      await tablesOf(`
        { affinities(first: 1000) { ...Page } }
        fragment Page on AffinityConnection { edges { node { ...Joins } } nodes { ...EveryField } }
        fragment Joins on Affinity { provider { id } endpoint { provider { name } } } ${EVERY_FIELD}`),
    ).toEqual(six)
    expect(
      await tablesOf(
        `query ($yes: Boolean = true) { affinities(first: 1000) { nodes { ...EveryField @include(if: $yes) } } } ${EVERY_FIELD}`,
      ),
    ).toEqual(six)
  })

  it.each([
    ['id affinityKey expiresAt', []],
    ['provider { id }', ['providers']],
    ['endpoint { provider { id } }', ['provider_endpoints', 'providers']],
    [
      'providerKey { endpoint { provider { id } } }',
      ['provider_api_keys', 'provider_endpoints', 'providers'],
    ],
    ['apiKey { user { id } }', ['api_keys', 'users']],
    ['user { apiKeys { id } }', ['api_keys', 'users']],
    ['rateMultiplier isStandalone', ['api_keys', 'provider_api_keys']],
    ['modelName', ['global_models']],
    ['staleReasons', OF_VERDICTS],
    ['usability staleReasons conditions', OF_VERDICTS],
  ])('with { %s } reads only the tables %j', async (fields, tables) => {
    expect(await tablesOf(`{ affinities(first: 1000) { nodes { ${fields} } } }`)).toEqual(tables)
  })

  it('reads nothing for a count alone', async () => {
    expect(await tablesOf('{ affinities { totalCount } }')).toEqual([])
  })

  it('of stale affinities reads no more for the verdicts on the page', async () => {
    expect(await tablesOf(page('(first: 1000, filter: { stale: true })'))).toEqual(
      [...OF_JOINS, ...OF_VERDICTS].sort(),
    )
  })

  it('is read from the database again for each request, but only once within a request', async () => {
    const [id = ''] = [...rows.providers.keys()]
    const names = async (): Promise<string[]> => {
      const { data } = await service.query(
        `{ a: affinities(first: 1, filter: { providerId: "${id}" }) { nodes { provider { displayName } } }
           b: affinities(first: 1, filter: { providerId: "${id}" }) { nodes { provider { displayName } } } }`,
      )
      return [data.a, data.b].map(({ nodes }) => nodes[0].provider.displayName)
    }
    const [before = ''] = await names()
    await sql(service.databaseUrl, 'UPDATE providers SET display_name = $1 WHERE id = $2', ['Renamed', id])
    expect(await names()).toEqual(['Renamed', 'Renamed'])
    await sql(service.databaseUrl, 'UPDATE providers SET display_name = $1 WHERE id = $2', [before, id])
    expect(await names()).toEqual([before, before])
  })

  it('shares the rows that another page in the same request needs', async () => {
    const tables = await tablesOf(
      '{ a: affinities { nodes { provider { id } } } b: affinities(offset: 100) { nodes { provider { id } } } }',
    )
    expect(tables.length).toBeLessThanOrEqual(2)
    expect(new Set(tables)).toEqual(new Set(['providers']))
  })
})
