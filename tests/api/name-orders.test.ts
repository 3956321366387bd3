/** Orders of affinities by the names that people see, against plain sorts of the fixtures. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.js'
import {
  expectedPins,
  type Filter,
  fixturePins,
  idOf,
  type Pin,
  type Rows,
  readRows,
  sql,
} from './affinity-model.js'
import { MODES, untilShown } from './shown.js'

const NOW = Date.now()
const pins = fixturePins(NOW)

type NameOf = (pin: Pin, rows: Rows) => unknown
const NAMES = {
  USER: ({ affinityKey }, rows) =>
    rows.users.get(String(rows.api_keys.get(affinityKey)?.['user_id']))?.['username'],
  API_KEY: ({ affinityKey }, rows) => rows.api_keys.get(affinityKey)?.['name'],
  PROVIDER: ({ providerId }, rows) => rows.providers.get(providerId)?.['display_name'],
  PROVIDER_KEY: ({ providerKeyId }, rows) => rows.provider_api_keys.get(providerKeyId)?.['name'],
  MODEL: ({ modelId }, rows) => rows.global_models.get(modelId)?.['name'] ?? modelId,
  API_FORMAT: ({ apiFormat }) => apiFormat,
} as const satisfies Record<string, NameOf>
type Field = keyof typeof NAMES
const FIELDS = Object.keys(NAMES) as Field[]

const points = (text: string) => Array.from(text, (letter) => letter.codePointAt(0) ?? 0)

function compareTexts(a: string, b: string): number {
  const [first, second] = [points(a), points(b)]
  const at = first.findIndex((point, index) => point !== second[index])
  return at < 0 ? first.length - second.length : (first[at] ?? 0) - (second[at] ?? -1)
}

/** Small letters by code points, without a name last, then by key. */
function ordered(found: readonly Pin[], field: Field, rows: Rows): Pin[] {
  const nameOf = (pin: Pin) => {
    const name = NAMES[field](pin, rows)
    return typeof name === 'string' && name !== '' ? name.toLowerCase() : null
  }
  return [...found].sort((a, b) => {
    const [first, second] = [nameOf(a), nameOf(b)]
    if (first === null || second === null) {
      if (first !== second) return first === null ? 1 : -1
    } else if (first !== second) return compareTexts(first, second)
    return a.key < b.key ? -1 : 1
  })
}

const PAGE = `
  query ($first: Int, $after: String, $offset: Int, $search: String, $filter: AffinityFilter, $orderBy: AffinityOrder) {
    affinities(first: $first, after: $after, offset: $offset, search: $search, filter: $filter, orderBy: $orderBy) {
      totalCount nodes { id } pageInfo { endCursor hasNextPage hasPreviousPage }
    }
  }`

describe.each(MODES)('orders by name, %s,', (_mode, env) => {
  let service: TestApp
  let rows: Rows
  beforeAll(async () => {
    service = await startTestApp({ now: () => NOW, env })
    rows = await readRows(service.databaseUrl)
    await untilShown(service)
  })
  afterAll(() => service.close())

  const page = async (variables: object) => {
    const { data, errors } = await service.query(PAGE, variables)
    expect(errors).toEqual([])
    return data.affinities
  }
  const idsOf = (nodes: readonly { id: string }[]) => nodes.map(({ id }) => id)

  it.each(FIELDS)('are plain sorts by %s, under filters and searches', async (field) => {
    const questions: readonly { readonly filter?: Filter; readonly search?: string }[] = [
      {},
      { filter: { stale: false } },
      { filter: { apiFormat: 'CLAUDE', requestCountMin: 5 } },
      { search: 'claude' },
      { search: 'nothing has this name' },
    ]
    for (const question of questions) {
      const expected = ordered(expectedPins(pins, rows, NOW, question), field, rows).map(idOf)
      const ascending = await page({ ...question, first: 1000, orderBy: { field, direction: 'ASC' } })
      expect(idsOf(ascending.nodes), JSON.stringify(question)).toEqual(expected)
      const descending = await page({ ...question, first: 1000, orderBy: { field, direction: 'DESC' } })
      expect(idsOf(descending.nodes)).toEqual(expected.toReversed())
      const some = await page({ ...question, first: 7, offset: 11, orderBy: { field, direction: 'ASC' } })
      expect(idsOf(some.nodes)).toEqual(expected.slice(11, 18))
    }
  })

  it.each(FIELDS)('are walked by cursors: %s', async (field) => {
    const orderBy = { field, direction: 'DESC' }
    const walked: string[] = []
    let after: string | null = null
    do {
      const {
        nodes,
        pageInfo,
      }: {
        nodes: { id: string }[]
        pageInfo: { endCursor: string; hasNextPage: boolean; hasPreviousPage: boolean }
      } = await page({ first: 180, after, orderBy })
      expect(pageInfo.hasPreviousPage).toBe(walked.length > 0)
      walked.push(...idsOf(nodes))
      after = pageInfo.hasNextPage ? pageInfo.endCursor : null
    } while (after !== null)
    expect(walked).toEqual(ordered(pins, field, rows).map(idOf).reverse())
  })
})

describe('orders by name', () => {
  let service: TestApp
  beforeAll(async () => {
    service = await startTestApp({ now: () => NOW })
    await untilShown(service)
  })
  afterAll(() => service.close())

  const ask = (field: string, args = '') =>
    service.query(
      `{ affinities(first: 5, orderBy: { field: ${field}, direction: ASC }${args}) { nodes { id } pageInfo { endCursor } } }`,
    )

  it.each([
    ['API_FORMAT', 0],
    ['PROVIDER', 1],
    ['PROVIDER_KEY', 1],
    ['MODEL', 1],
    ['API_KEY', 1],
    ['USER', 2],
  ])('read the names of all ids in use at once: %s', async (field, most) => {
    for (const first of [1, 500]) {
      const statements = await service.statementsOf(async () => {
        const { errors } = await service.query(
          `{ affinities(first: ${first}, orderBy: { field: ${field} }) { totalCount nodes { id } } }`,
        )
        expect(errors).toEqual([])
      })
      expect(statements.length).toBeLessThanOrEqual(most)
    }
  })

  it('go on from the place of a page after a provider was renamed', async () => {
    const before = await ask('PROVIDER')
    const { endCursor } = before.data.affinities.pageInfo
    await sql(service.databaseUrl, `UPDATE providers SET display_name = 'zzz ' || display_name`)
    const after = await ask('PROVIDER', `, after: "${endCursor}"`)
    expect(after.errors).toEqual([])
    expect(after.data.affinities.nodes).toHaveLength(5)
  })

  it('refuse the cursor of another order, and what is no place', async () => {
    const { data } = await ask('PROVIDER')
    const { endCursor } = data.affinities.pageInfo
    const [version, fingerprint] = JSON.parse(Buffer.from(endCursor, 'base64url').toString())
    const forged = (...parts: unknown[]) =>
      Buffer.from(JSON.stringify([version, fingerprint, ...parts])).toString('base64url')
    const key = 'cache_affinity:a:b:c'
    const wrong = [
      forged(),
      forged('a'),
      forged(1, key),
      forged(null, key),
      forged('a', 1),
      forged('a'.repeat(600), key),
    ]
    for (const [field, after] of [['MODEL', endCursor], ...wrong.map((cursor) => ['PROVIDER', cursor])]) {
      const { errors } = await ask(String(field), `, after: "${after}"`)
      expect(errors, String(after)).toMatchObject([
        { extensions: { code: 'BAD_USER_INPUT', field: 'after' } },
      ])
    }
    for (const after of [forged(0, key), forged('', ''), forged('\u{10ffff}', key)]) {
      expect((await ask('PROVIDER', `, after: "${after}"`)).errors).toEqual([])
    }
  })
})
