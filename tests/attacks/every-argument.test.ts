/** Each place of the schema where a client may put a value, with what it should not hold. */
import { getNamedType, isObjectType } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sql } from '../api/affinity-model.js'
import { COUNTERS, contents } from '../api/clearing.js'
import { startTestApp, type TestApp } from '../support/app.js'
import { writePin } from '../support/pin.js'
import { call, PLACES, type Place, ROOT_FIELDS, type RootField } from './root-fields.js'
import { beginningOf, codesOf, expectRefusal, GRAPHQL_JSON, openEvents, type Reply, send } from './support.js'

const NOW = Date.now()
/** Part of each hostile text, by which a statement that contains one is found. */
const MARK = 'planted'
const HOSTILE: readonly string[] = [
  `${MARK}' OR '1'='1`,
  `${MARK}'; DROP TABLE users; --`,
  `${MARK}\\'; SELECT pg_sleep(5); --`,
  `$$${MARK}$$; DELETE FROM audit_logs; $$`,
  `x' UNION SELECT password_hash AS ${MARK} FROM users --`,
  `{"${MARK}": {"$ne": null}}`,
  '%',
  '____',
  '*',
  '?',
  '[a-z]*',
  'cache_affinity:*',
  'a:b:c:d',
  ':',
  '\\',
  '\r\nFLUSHALL\r\n',
  "']) redis.call('flushall') --",
  '../../../etc/passwd',
  '<script>alert(1)</script>',
  '\u001b[2J\r\n{"level":60}',
  '__proto__',
  'constructor',
  `${MARK}\0`,
  '\ud800',
  '',
  ' ',
  '\u3000',
  'x'.repeat(20_000),
]

let service: TestApp
let keys: Map<string, string>
let rows: string
beforeAll(async () => {
  service = await startTestApp({ now: () => NOW, env: { CLEAR_GUARD_SECONDS: '0' } })
  // The fixtures have no pool, and a list without a record has no cursor.
  await service.redis.client().set('ap:provider:sticky:token', 'provider-key')
  await writePin(service.redis.client(), { affinityKey: 'gone', providerId: 'cleared' })
  await service.query('{ affinities { totalCount } }')
  await service.query('mutation { clearProviderCache(providerId: "cleared") { __typename } }')
  keys = await contents(service.redis.client())
  rows = await tables()
})
afterAll(() => service.close())

/** All that the gateway's tables hold, but the audit, which grows. */
async function tables(): Promise<string> {
  const names = await sql(
    service.databaseUrl,
    "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'audit_logs' ORDER BY 1",
  )
  const contents = names.map(({ tablename }) =>
    sql(service.databaseUrl, `SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM ${tablename} t`),
  )
  return JSON.stringify([names, await Promise.all(contents)])
}

/** With a value in this place; a subscription is cut after its first words. */
async function fill({ document, root }: Place, value: unknown): Promise<Reply> {
  const body = JSON.stringify({ query: document, variables: { v: value } })
  if (root.kind !== 'subscription') return send(service.app, { body })
  const response = await openEvents(service.app, { body })
  return { status: response.status, headers: response.headers, text: await beginningOf(response) }
}

const TEXTS = PLACES.filter(({ type }) => ['ID', 'String'].includes(type))

describe('a text', () => {
  it('is an argument in all of these places', () => {
    const names = TEXTS.map(({ name }) => name)
    expect(names.length).toBeGreaterThan(40)
    expect(names).toEqual(
      expect.arrayContaining([
        'Query.affinities filter.userId',
        'Query.auditEvents action',
        'Mutation.clearProviderModelMappingCache globalModelId',
        'Mutation.login password',
        'Subscription.affinityEvents filter.userId',
      ]),
    )
  })

  it.each(TEXTS)(
    'in $name is data, whatever it holds: no part of a statement, a key or a pattern',
    async (place) => {
      const statements = await service.statementsOf(async () => {
        for (const text of HOSTILE) {
          const { status, text: reply } = await fill(place, text)
          const told = `${JSON.stringify(text).slice(0, 60)}: ${status} ${reply.slice(0, 300)}`
          expect(status, told).toBeLessThan(500)
          expect(reply, told).not.toContain('INTERNAL_SERVER_ERROR')
          expect(reply, told).not.toMatch(/"clearedCount":[1-9]/)
        }
      })
      expect(statements.filter((statement) => statement.includes(MARK))).toEqual([])
    },
  )

  it('and after all this every row and every key is as it was', async () => {
    expect(await tables()).toBe(rows)
    const after = await contents(service.redis.client())
    for (const all of [keys, after]) all.delete(COUNTERS)
    expect([...after.keys()]).toEqual([...keys.keys()])
    expect(after).toEqual(keys)
    expect(service.logs.filter(({ level }) => Number(level) >= 50)).toEqual([])
  })
})

describe('a value of another shape', () => {
  const ODD: readonly unknown[] = [{}, { contains: '' }, { $ne: null }, [[]], [{}], { __proto__: 'x' }]
  const fitting: Readonly<Record<string, readonly unknown[]>> = {
    ID: [true, 1.5],
    String: [true, 7],
    Int: ['7', true, 1.5, 2 ** 31],
    Boolean: ['true', 1],
  }

  it.each(PLACES)('in $name is refused', async (place) => {
    for (const value of [...ODD, ...(fitting[place.type] ?? ['x', 1])]) {
      const reply = await fill(place, value)
      if (place.root.kind !== 'subscription') expectRefusal(reply, 'BAD_USER_INPUT')
      else expect([reply.status, reply.text]).toEqual([400, expect.stringContaining('BAD_USER_INPUT')])
    }
  })
})

const LISTS = ROOT_FIELDS.filter(({ field }) => field.args.some(({ name }) => name === 'first'))
const taking = (argument: string) =>
  LISTS.filter(({ field }) => field.args.some(({ name }) => name === argument))

const ask = (query: string): Promise<Reply> =>
  send(service.app, {
    headers: { 'content-type': 'application/json', accept: GRAPHQL_JSON },
    body: JSON.stringify({ query }),
  })

/** Refused as the argument that it is, be it as an error or as a member of a union. */
async function expectBadArgument({ field }: RootField, given: Record<string, string>): Promise<void> {
  const reply = await ask(`{ ${call(field, given)} }`)
  expect(reply.text, JSON.stringify(given)).toMatch(/BAD_USER_INPUT|INVALID_INPUT/)
  expect(reply.text).not.toMatch(/"__typename":"\w+(Connection|Affinities)"/)
}

describe('a list', () => {
  it.each(LISTS)('$name has pages of 1 to 1,000', async (root) => {
    for (const first of ['100000', '1001', '0', '-1', '-2147483648']) await expectBadArgument(root, { first })
  })

  it.each(taking('offset'))('$name refuses a negative offset', async (root) => {
    await expectBadArgument(root, { offset: '-1' })
  })

  it.each(taking('after'))('$name refuses a cursor that it has not made', async (root) => {
    const made = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const cursors = [
      '',
      '10',
      'null',
      made('arrayconnection:10'),
      made([]),
      made({ key: 'x' }),
      made([1, 2, 3, 4]),
      made([1, '', { $gt: '' }, 'x']),
      Buffer.from('[1,"",1e999,"x"]').toString('base64url'),
      Buffer.from('['.repeat(3_000)).toString('base64url'),
    ]
    for (const after of cursors) await expectBadArgument(root, { after: JSON.stringify(after) })
  })

  it('refuses a cursor of another list', async () => {
    const connections = LISTS.filter(({ field }) => isConnection(field))
    const given = await Promise.all(
      connections.map(async ({ field }) => {
        const reply = await ask(`{ ${call(field, { first: '1' }, '{ pageInfo { endCursor } }')} }`)
        return String(JSON.parse(reply.text).data[field.name].pageInfo.endCursor)
      }),
    )
    expect(given.length).toBeGreaterThan(3)
    expect(given).not.toContain('null')
    for (const [position, after] of given.entries()) {
      const own = connections[position]
      for (const root of taking('after')) {
        if (root !== own) await expectBadArgument(root, { after: JSON.stringify(after) })
      }
      const reply = await ask(`{ ${call((own as RootField).field, { after: JSON.stringify(after) })} }`)
      expect([codesOf(reply), reply.status], own?.name).toEqual([[], 200])
    }
  })
})

function isConnection({ type }: RootField['field']): boolean {
  const named = getNamedType(type)
  return isObjectType(named) && 'pageInfo' in named.getFields()
}
