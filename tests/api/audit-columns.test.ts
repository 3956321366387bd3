import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.js'
import { FIXTURE_ADMIN } from '../support/fixtures.js'
import { EVENT } from './clearing.js'

let service: TestApp
beforeAll(async () => {
  service = await startTestApp({ redis: 'empty' })
  for (let n = 0; n < 5; n += 1) await service.query(LOGIN, FIXTURE_ADMIN_LOGIN, { token: null })
})
afterAll(() => service.close())

const FIXTURE_ADMIN_LOGIN = { email: FIXTURE_ADMIN.email, password: FIXTURE_ADMIN.password }
const LOGIN =
  'mutation ($email: String!, $password: String!) { login(email: $email, password: $password) { __typename } }'

interface Read {
  readonly table: string | undefined
  readonly columns: readonly string[]
}

/** The table that a statement reads, and the columns that it asks for. */
function readOf(statement: string): Read {
  const [, list = '', table] = statement.match(/^SELECT (.*?) FROM (?:"public"\.)?"?(\w+)"?/s) ?? []
  const names = list.split(',').map((column) => column.match(/(\w+)"?\s*$/)?.[1] ?? column)
  return { table, columns: names.sort() }
}

/** What a query reads, and its answer; asked four times, since a query that comes again is compiled. */
async function readsOf(document: string, variables = {}) {
  const seen: { readonly reads: Read[]; readonly data: unknown }[] = []
  for (let run = 0; run < 4; run += 1) {
    let data: unknown
    const statements = await service.statementsOf(async () => {
      const answer = await service.query(document, variables)
      expect(answer.errors).toEqual([])
      data = answer.data
    })
    // Parts of a page are read at once, in no order.
    seen.push({ reads: statements.map(readOf).sort(byText), data })
  }
  const [first, ...again] = seen
  if (!first) throw new Error('The query was not run.')
  for (const run of again) expect(run).toEqual(first)
  return first.reads
}

const byText = (a: Read, b: Read): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)

const PLACE = ['created_at', 'id']

describe('auditEvents', () => {
  it.each([
    ['nodes { id }', PLACE],
    ['nodes { id createdAt }', PLACE],
    ['nodes { ipAddress }', [...PLACE, 'ip_address']],
    ['edges { cursor node { requestId } } nodes { errorMessage }', [...PLACE, 'error_message', 'request_id']],
    ['nodes { action actorName metadata }', [...PLACE, 'event_metadata']],
    ['nodes { success }', [...PLACE, 'event_type']],
    ['pageInfo { endCursor hasNextPage hasPreviousPage }', PLACE],
    [
      'nodes { ...Some } } } fragment Some on AuditEvent { ... on AuditEvent { who: actorName',
      [...PLACE, 'event_metadata'],
    ],
  ])('read only the columns that %s needs, in one statement', async (fields, columns) => {
    expect(await readsOf(`{ auditEvents(first: 3) { ${fields} } }`)).toEqual([
      { table: 'audit_logs', columns: columns.toSorted() },
    ])
  })

  it('leave out what a directive leaves out', async () => {
    const document =
      'query ($all: Boolean!) { auditEvents(first: 3) { nodes { id metadata @include(if: $all) } } }'
    const columnsOf = async (all: boolean) => (await readsOf(document, { all })).map(({ columns }) => columns)
    expect(await columnsOf(false)).toEqual([PLACE])
    expect(await columnsOf(true)).toEqual([[...PLACE, 'event_metadata'].sort()])
  })

  it('are counted without reading them, and paged with three statements at most', async () => {
    const tablesOf = async (document: string) => (await readsOf(document)).map(({ table }) => table)
    expect(await tablesOf('{ auditEvents { totalCount } }')).toHaveLength(1)
    expect(await tablesOf(`{ auditEvents { totalCount nodes { ${EVENT} } } }`)).toHaveLength(2)
    const { data } = await service.query('{ auditEvents(first: 2) { pageInfo { endCursor } } }')
    const second = `auditEvents(first: 2, after: "${data.auditEvents.pageInfo.endCursor}")`
    expect(
      await tablesOf(
        `{ ${second} { totalCount nodes { ${EVENT} } pageInfo { hasNextPage hasPreviousPage } } }`,
      ),
    ).toHaveLength(3)
  })

  it('read all their actors in one statement more', async () => {
    const reads = await readsOf('{ auditEvents { nodes { actor { username } } } }')
    expect(reads.map(({ table }) => table)).toEqual(['audit_logs', 'users'])
    expect(reads[0]?.columns).toEqual([...PLACE, 'user_id'].sort())
  })

  it('under two names read each what it needs', async () => {
    const reads = await readsOf(
      '{ a: auditEvents { nodes { ipAddress } } b: auditEvents { nodes { requestId } } }',
    )
    expect(reads.map(({ columns }) => columns)).toEqual([
      [...PLACE, 'ip_address'].sort(),
      [...PLACE, 'request_id'].sort(),
    ])
  })
})

describe('auditEvent', () => {
  it('reads only the columns that are asked for', async () => {
    const { data } = await service.query('{ auditEvents(first: 1) { nodes { id } } }')
    const event = `auditEvent(id: "${data.auditEvents.nodes[0].id}")`
    expect(await readsOf(`{ ${event} { ipAddress } }`)).toEqual([
      { table: 'audit_logs', columns: ['id', 'ip_address'] },
    ])
    expect(await readsOf(`{ ${event} { action success } }`)).toEqual([
      { table: 'audit_logs', columns: ['event_metadata', 'event_type', 'id'] },
    ])
  })

  it('of a clear is answered without reading what was just written', async () => {
    const statements = await service.statementsOf(async () => {
      const { data } = await service.query(
        `mutation { clearProviderCache(providerId: "x") { ... on ClearPayload { auditEvent { ${EVENT} actor { id } } } } }`,
      )
      expect(data.clearProviderCache.auditEvent).toMatchObject({
        action: 'cache_clear_provider',
        success: true,
      })
    })
    expect(statements.filter((sql) => sql.startsWith('SELECT') && sql.includes('audit_logs'))).toEqual([])
  })
})
