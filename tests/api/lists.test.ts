/** Lists of what the gateway has, whether or not an affinity names it, against the rows themselves. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.js'
import { sql } from './affinity-model.js'
import { MODES, untilShown } from './shown.js'

/** Each list: the fields that a query may show, the table, and the columns that a search reads. */
const LISTS = {
  providers: {
    fields: 'id name displayName isActive affinityCount',
    table: 'providers',
    name: 'name',
    searched: ['id', 'name', 'display_name'],
  },
  providerKeys: {
    fields:
      'id name maskedKey authType rateMultiplier rateMultipliers { apiFormat } apiFormats cacheTtlMinutes isActive affinityCount endpoint { id } provider { id }',
    table: 'provider_api_keys',
    name: 'name',
    searched: ['id', 'name'],
  },
  globalModels: {
    fields: 'id name displayName isActive affinityCount',
    table: 'global_models',
    name: 'name',
    searched: ['id', 'name', 'display_name'],
  },
  users: {
    fields: 'id username email role isActive apiKeys { id } affinities(first: 1) { totalCount }',
    table: 'users',
    name: 'username',
    searched: ['id', 'username', 'email'],
  },
} as const
type List = keyof typeof LISTS
const NAMES = Object.keys(LISTS) as List[]

/** Names that a pattern, an order or a locale may take for something else. */
const ODD_NAMES = [
  '100 % sure',
  '100 x sure',
  'under_score',
  'underXscore',
  'back\\slash',
  "quo'te",
  'Özlem Odd',
  'zz\u{10ffff}',
]

/** Adds users without any API key, and a provider, key and model that nothing is pinned to. */
async function addOddRows(databaseUrl: string): Promise<void> {
  for (const [n, name] of ODD_NAMES.entries()) {
    await sql(
      databaseUrl,
      `INSERT INTO users (id, username, email, password_hash, role, is_active, is_deleted, created_at, updated_at)
       VALUES ($1, $2, $3, '-', 'user', $4, false, now(), now())`,
      [`odd-${n}`, `odd ${name}`, `odd-${n}@Example.org`, n % 2 === 0],
    )
  }
}

describe.each(MODES)('lists, %s,', (_mode, env) => {
  let service: TestApp
  beforeAll(async () => {
    service = await startTestApp({ env })
    await addOddRows(service.databaseUrl)
    await untilShown(service)
  })
  afterAll(() => service.close())

  const ask = async (document: string, variables = {}) => {
    const { data, errors } = await service.query(document, variables)
    expect(errors).toEqual([])
    return data
  }
  const page = async (list: List, args: string, fields = 'id') =>
    (
      await ask(
        `{ ${list}${args} { totalCount nodes { ${fields} } pageInfo { hasNextPage hasPreviousPage endCursor } } }`,
      )
    )[list]

  it.each(NAMES)('have every row of %s, ordered by name', async (list) => {
    const { table, name } = LISTS[list]
    const rows = await sql(service.databaseUrl, `SELECT id FROM ${table} ORDER BY ${name}, id`)
    const { totalCount, nodes } = await page(list, '(first: 1000)', LISTS[list].fields)
    expect(nodes.map(({ id }: { id: string }) => id)).toEqual(rows.map(({ id }) => id))
    expect(totalCount).toBe(rows.length)
    expect(rows.length).toBeGreaterThan(2)
  })

  it.each(NAMES)('are walked page by page: %s', async (list) => {
    const { nodes, totalCount } = await page(list, '(first: 1000)')
    const walked: unknown[] = []
    const size = list === 'providerKeys' ? 20 : 5
    let args = `(first: ${size})`
    for (;;) {
      const next = await page(list, args)
      expect(next.totalCount).toBe(totalCount)
      expect(next.pageInfo.hasPreviousPage).toBe(walked.length > 0)
      walked.push(...next.nodes)
      if (!next.pageInfo.hasNextPage) break
      args = `(first: ${size}, after: "${next.pageInfo.endCursor}")`
    }
    expect(walked).toEqual(nodes)
  })

  it.each(NAMES)('count what is pinned: %s', async (list) => {
    const shown = list === 'users' ? 'id affinities(first: 1) { totalCount }' : 'id affinityCount'
    const { nodes } = await page(list, '(first: 100)', shown)
    const by = { providers: 'PROVIDER', providerKeys: 'PROVIDER_KEY', globalModels: 'MODEL', users: 'USER' }[
      list
    ]
    const { affinityCounts } = await ask(
      `{ affinityCounts(by: ${by}, first: 1000) { groups { key count } } }`,
    )
    const counts = new Map(
      affinityCounts.groups.map(({ key, count }: { key: string; count: number }) => [key, count]),
    )
    for (const node of nodes) {
      const count = list === 'users' ? node.affinities.totalCount : node.affinityCount
      expect(count, node.id).toBe(counts.get(node.id) ?? 0)
    }
    expect(counts.size).toBeGreaterThan(1)
  })
})

describe('lists', () => {
  let service: TestApp
  beforeAll(async () => {
    service = await startTestApp()
    await addOddRows(service.databaseUrl)
  })
  afterAll(() => service.close())

  const ask = async (document: string) => {
    const { data, errors } = await service.query(document)
    expect(errors).toEqual([])
    return data
  }

  it.each(NAMES)('are searched and filtered: %s', async (list) => {
    const { table, searched } = LISTS[list]
    const rows = await sql(service.databaseUrl, `SELECT is_active, id, ${searched.join(', ')} FROM ${table}`)
    const texts = [
      'a',
      'A',
      'claude',
      'EXAMPLE.',
      '-4',
      'nothing has this',
      ' gpt ',
      '%',
      '_',
      '\\',
      "'",
      '100 %',
    ]
    for (const isActive of [undefined, true, false]) {
      const filter = isActive === undefined ? '' : `, isActive: ${isActive}`
      const calls = texts.map(
        (text, n) =>
          `t${n}: ${list}(first: 1000, search: ${JSON.stringify(text)}${filter}) { totalCount nodes { id } }`,
      )
      const answers = await ask(`{ ${calls.join(' ')} }`)
      for (const [n, text] of texts.entries()) {
        const expected = rows.filter(
          (row) =>
            (isActive ?? row['is_active']) === row['is_active'] &&
            searched.some((column) => String(row[column]).toLowerCase().includes(text.trim().toLowerCase())),
        )
        const { nodes, totalCount } = answers[`t${n}`]
        const ids = nodes.map(({ id }: { id: string }) => id).sort()
        expect(ids, `${text} ${isActive}`).toEqual(expected.map(({ id }) => id).sort())
        expect(totalCount).toBe(expected.length)
      }
    }
  })

  it('have the provider keys of one provider', async () => {
    const rows = await sql(
      service.databaseUrl,
      `SELECT k.id, e.provider_id FROM provider_api_keys k JOIN provider_endpoints e ON e.id = k.endpoint_id`,
    )
    for (const { id } of await sql(service.databaseUrl, 'SELECT id FROM providers')) {
      const { nodes } = (await ask(`{ providerKeys(first: 1000, providerId: "${id}") { nodes { id } } }`))
        .providerKeys
      const expected = rows.filter((row) => row['provider_id'] === id).map((row) => row['id'])
      expect(nodes.map((node: { id: string }) => node.id).sort()).toEqual(expected.sort())
    }
    expect((await ask('{ providerKeys(providerId: "nobody") { totalCount } }')).providerKeys.totalCount).toBe(
      0,
    )
  })

  const columnsRead = (statement: string) =>
    [...(statement.match(/^SELECT (.*?) FROM/s)?.[1] ?? '').matchAll(/"(\w+)"(?:::text)?(?:,|$)/g)].map(
      ([, name]) => name,
    )

  it.each([
    ['users', 'id', ['id', 'username']],
    ['users', 'email isActive', ['id', 'username', 'email', 'is_active']],
    ['users', 'role', ['id', 'username', 'role']],
    ['providers', 'name affinityCount', ['id', 'name']],
    ['providers', 'isActive', ['id', 'name', 'is_active']],
    ['providerKeys', 'cacheTtlMinutes affinityCount', ['id', 'name', 'cache_ttl_minutes']],
    ['globalModels', 'displayName', ['id', 'name', 'display_name']],
  ] as const)('read in one statement what %s { %s } needs', async (list, fields, columns) => {
    for (let run = 0; run < 3; run += 1) {
      const statements = await service.statementsOf(() =>
        service.query(`{ ${list} { nodes { ${fields} } } }`),
      )
      expect(statements.map(columnsRead)).toEqual([columns])
    }
  })

  it.each([
    ['providers', 'displayName', 2],
    ['providerKeys', 'maskedKey authType rateMultiplier', 2],
    ['providerKeys', 'maskedKey endpoint { apiFormat } provider { displayName }', 4],
    ['users', 'username apiKeys { name }', 2],
    ['globalModels', 'name affinityCount', 4],
  ] as const)('read the whole of %s { %s } in few statements', async (list, fields, most) => {
    for (const first of [1, 5, 1000]) {
      const statements = await service.statementsOf(() =>
        service.query(`{ ${list}(first: ${first}) { nodes { ${fields} } pageInfo { hasNextPage } } }`),
      )
      expect(statements.length).toBeLessThanOrEqual(most)
    }
  })

  it('count in one statement more, and look for a page before in another', async () => {
    const of = (args: string, fields: string) =>
      service.statementsOf(() => service.query(`{ users${args} { nodes { id } ${fields} } }`))
    expect(await of('', 'totalCount')).toHaveLength(2)
    const { data } = await service.query('{ users(first: 2) { pageInfo { endCursor } } }')
    const after = `(after: "${data.users.pageInfo.endCursor}")`
    expect(await of(after, 'totalCount pageInfo { hasNextPage hasPreviousPage }')).toHaveLength(3)
    expect(await of(after, '')).toHaveLength(1)
  })

  it('go on where a page ended, though its last row is gone or has another name', async () => {
    const { data } = await service.query('{ users(first: 1000) { edges { cursor node { id username } } } }')
    const edges: { cursor: string; node: { id: string; username: string } }[] = data.users.edges
    const at = edges.findIndex(({ node }) => node.username === 'odd under_score')
    await sql(service.databaseUrl, `DELETE FROM users WHERE username = 'odd under_score'`)
    const next = await service.query(
      'query ($after: String) { users(first: 1, after: $after) { nodes { id } } }',
      {
        after: edges[at]?.cursor,
      },
    )
    expect(next.data.users.nodes).toEqual([{ id: edges[at + 1]?.node.id }])
  })

  it.each([
    ['users(search: " ")', 'search'],
    [`providers(search: "${'x'.repeat(256)}")`, 'search'],
    ['globalModels(first: 0)', 'first'],
    ['globalModels(first: 1001)', 'first'],
    ['providerKeys(after: "x")', 'after'],
    ['providerKeys(providerId: "\\u0000")', 'providerId'],
    ['providers(search: "\\u0000")', 'search'],
  ])('refuse %s', async (call, field) => {
    const { errors } = await service.query(`{ ${call} { totalCount } }`)
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field } }])
  })

  it('refuse the cursor of another list, search or filter', async () => {
    const { data } = await service.query('{ providers(first: 1) { pageInfo { endCursor } } }')
    const after = `after: "${data.providers.pageInfo.endCursor}"`
    for (const call of [
      `users(${after})`,
      `providers(${after}, search: "a")`,
      `providers(${after}, isActive: true)`,
    ]) {
      const { errors } = await service.query(`{ ${call} { nodes { id } } }`)
      expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field: 'after' } }])
    }
    const forged = (parts: unknown[]) => {
      const [version, fingerprint] = JSON.parse(
        Buffer.from(data.providers.pageInfo.endCursor, 'base64url').toString(),
      )
      return Buffer.from(JSON.stringify([version, fingerprint, ...parts])).toString('base64url')
    }
    for (const parts of [[], ['a'], ['a', 1], ['a', 'b', 'c'], ['a\0', 'b'], ['a'.repeat(1_001), 'b']]) {
      const { errors } = await service.query(
        'query ($after: String) { providers(after: $after) { nodes { id } } }',
        {
          after: forged(parts),
        },
      )
      expect(errors, JSON.stringify(parts)).toMatchObject([
        { extensions: { code: 'BAD_USER_INPUT', field: 'after' } },
      ])
    }
  })

  it('have users marked as deleted, whom affinities may name', async () => {
    await sql(service.databaseUrl, `UPDATE users SET is_deleted = true WHERE id = 'odd-0'`)
    const { data } = await service.query('{ users(search: "odd-0") { nodes { id } } }')
    expect(data.users.nodes).toEqual([{ id: 'odd-0' }])
  })
})

describe.each(['provider-keys', 'process-memory'] as const)('lists beside %s', (generation) => {
  let service: TestApp
  beforeAll(async () => {
    service = await startTestApp({ database: generation, redis: 'empty' })
  })
  afterAll(() => service.close())

  it.each(NAMES)('have every row of %s with all its fields', async (list) => {
    const { fields, table, name } = LISTS[list]
    const rows = await sql(service.databaseUrl, `SELECT id FROM ${table} ORDER BY ${name}, id`)
    const { data, errors } = await service.query(
      `{ ${list}(first: 1000) { totalCount nodes { ${fields} } } }`,
    )
    expect(errors).toEqual([])
    expect(data[list].nodes.map(({ id }: { id: string }) => id)).toEqual(rows.map(({ id }) => id))
    expect(data[list].totalCount).toBe(rows.length)
  })

  it('have the provider keys of one provider', async () => {
    const [key] = await sql(service.databaseUrl, 'SELECT id, provider_id FROM provider_api_keys')
    const [id, providerId] = [key?.['id'], key?.['provider_id']]
    const { data } = await service.query(
      `{ providerKeys(providerId: "${providerId}") { nodes { id provider { id } } } }`,
    )
    expect(data.providerKeys.nodes).toContainEqual({ id, provider: { id: providerId } })
    for (const { provider } of data.providerKeys.nodes) expect(provider.id).toBe(providerId)
  })

  it('have what the columns that are there tell', async () => {
    await sql(service.databaseUrl, 'ALTER TABLE users DROP email')
    await sql(service.databaseUrl, 'ALTER TABLE provider_api_keys DROP name CASCADE')
    const { data, errors } = await service.query(
      '{ users { nodes { id username email } } providerKeys { nodes { id name } } }',
    )
    expect(errors).toEqual([])
    expect(data.users.nodes.every(({ email }: { email: unknown }) => email === null)).toBe(true)
    const names = data.providerKeys.nodes.map((key: { name: string }) => key.name)
    expect(names).toEqual(names.toSorted())
    expect(names.length).toBeGreaterThan(0)
  })
})
