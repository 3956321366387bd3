/** Whatever a gateway's database lacks, every query says so: none ends in an error that tells nothing. */
import { readFileSync } from 'node:fs'
import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { createAetherGateway } from '../../src/gateway/aether/aether-gateway.js'
import { OTHER_READS, TABLE_NAMES } from '../../src/gateway/aether/tables.js'
import type { Gateway } from '../../src/gateway/gateway.js'
import { ROOT_FIELDS } from '../attacks/root-fields.js'
import { startTestApp, type TestApp } from '../support/app.js'
import { loadGeneration } from '../support/generations.js'
import { freshDatabase, LATER_GENERATIONS } from '../support/servers/shared.js'
import { sql } from './affinity-model.js'

const PERIOD = `since: "${new Date(Date.now() - 3_600_000).toISOString()}"`
const JOINS = `modelName rateMultiplier isStandalone lastUsedAt usability staleReasons apiKey { maskedKey user { id } }
  user { role apiKeys { id } } provider { displayName } endpoint { baseUrl } providerKey { maskedKey } model { displayName }`

/** Together they read all that the service reads of the gateway's tables. */
const QUERIES: readonly string[] = [
  `{ affinities(first: 2) { nodes { id ${JOINS} } } }`,
  '{ affinities(search: "a", filter: { stale: true }) { totalCount } }',
  '{ affinities(filter: { unusedForSeconds: 5, userId: "x", globalModelId: "x", clientSession: { id: "a" } }) { totalCount } }',
  ...['USER', 'PROVIDER_KEY', 'MODEL'].map(
    (field) => `{ affinities(first: 1, orderBy: { field: ${field} }) { nodes { id } } }`,
  ),
  `{ affinity(id: "${Buffer.from('cache_affinity:a:CLAUDE:b').toString('base64url')}") { id } }`,
  '{ affinityCounts(by: USER) { groups { label user { username } } } }',
  '{ affinityCounts(by: STALE_REASON) { total } }',
  `{ affinityHistory(${PERIOD}) { buckets { start } } }`,
  '{ affinityChanges(first: 1) { nodes { user { id } } } }',
  '{ userAffinities(identifier: "alice") { __typename ... on UserAffinities { affinities { totalCount } } } }',
  ...['users', 'providers', 'providerKeys', 'globalModels'].flatMap((list) => [
    `{ ${list}(first: 1) { totalCount nodes { id } } }`,
    `{ ${list}(first: 1, search: "a", isActive: true) { nodes { id } } }`,
  ]),
  '{ providerKeys(providerId: "x") { totalCount } }',
  '{ cacheStats { schedulingMode priorityMode } cacheConfig { cacheTtlSeconds } }',
  '{ gateway { generation schedulingMode pinsAreHonoured missing { field } } }',
  '{ modelMappingStats { totalKeys } modelMappings(first: 2) { nodes { mappingName providers { name } globalModel { name } } } }',
  '{ providerModelMappings(first: 2) { nodes { providerName } } unmappedEntries(first: 2) { totalCount } }',
  '{ poolSessions(first: 1) { nodes { provider { name } } } }',
  '{ viewer { name user { id } } }',
  '{ auditEvent(id: "any") { id metadata followUp { cleared } } }',
  '{ auditEvents(first: 1) { totalCount } }',
  '{ auditEvents(first: 1, filter: { actor: "root", targetId: "x", outcome: UNKNOWN }) { nodes { id actor { username } ipAddress requestId errorMessage } } }',
  `{ cacheUsage(${PERIOD}, by: PROVIDER_KEY) { groupCount } }`,
  `{ switchCosts(${PERIOD}, by: MODEL) { groupCount } }`,
  `{ ttlAdvice(${PERIOD}, by: PROVIDER_KEY) { groupCount } }`,
  `{ requestIntervals(${PERIOD}, filter: { userId: "x" }) { total } }`,
]

/** A clear that would be done, and what reads or writes the audit events beside it. */
const CLEAR =
  'mutation { clearPoolSessions(filter: { providerId: "none" }) { __typename ... on Error { code message } } }'
const LOGIN = 'mutation ($email: String!) { login(email: $email, password: "x") { __typename } }'
const OF_LOGIN = ['users', 'users.id', 'system_configs', 'audit_logs']
/** Somebody else each time, from elsewhere: failures are limited. */
const somebody = createCounter()
const nobody = () => ({ email: `nobody-${somebody()}@example.com` })
const from = () => ({ clientAddress: `10.${somebody()}.1.1` })

function createCounter(): () => number {
  let count = 0
  return () => {
    count += 1
    return count
  }
}

it('asks every query that there is', () => {
  const roots = ROOT_FIELDS.filter(({ kind }) => kind === 'query').map(({ field }) => field.name)
  expect(roots.filter((root) => !QUERIES.some((query) => new RegExp(`\\b${root}\\b`).test(query)))).toEqual(
    [],
  )
})

describe.each(['fixtures', ...LATER_GENERATIONS] as const)('beside the tables of %s', (contents) => {
  it('no query is an internal error without a table, an id or a time', async () => {
    const databaseUrl = freshDatabase(contents)
    if (contents === 'fixtures') {
      const usage = new URL('../fixtures/endpoint-keys/usage-schema.sql', import.meta.url)
      await sql(databaseUrl, readFileSync(usage, 'utf8').replaceAll('public.', ''))
    }
    let gateway: Gateway | undefined
    const service = await startTestApp({
      redis: contents === 'fixtures' ? 'fixtures' : 'empty',
      // A price is told of every query, and for audit events the database's planner tells it.
      env: { DATABASE_URL: databaseUrl, RATE_LIMIT_VIEWER: '1000000000' },
      openGateway: (...args) => {
        gateway = createAetherGateway(...args)
        return gateway
      },
    })
    if (contents !== 'fixtures') await loadGeneration(service.redis.client(), contents)
    const client = new pg.Client(databaseUrl)
    await client.connect()
    try {
      const read = await statementsOf(service)
      const wrong: string[] = []
      for (const { name, mentioned, away, back } of await lacks(client)) {
        await client.query(away)
        for (const query of [...QUERIES, CLEAR, LOGIN]) {
          if (!mentioned.every((word) => read.get(query)?.has(word))) continue
          // To compare a password takes longer than all the rest.
          if (query === LOGIN && !OF_LOGIN.includes(name)) continue
          const { errors } = await service.query(query, nobody(), from())
          const codes = errors.map(({ extensions }) => extensions['code'])
          const mayBe = query === LOGIN ? ['NOT_AVAILABLE', 'DATABASE_UNAVAILABLE'] : ['NOT_AVAILABLE']
          if (codes.some((code) => !mayBe.includes(String(code))))
            wrong.push(`${name}: ${codes} for ${query}`)
        }
        await client.query(back)
        await gateway?.schema.inspect()
      }
      expect(wrong).toEqual([])
    } finally {
      await client.end()
      await service.close()
    }
  })
})

describe('without the table of audit events, or one of its columns,', () => {
  it('a clear is refused before anything is touched, with words, and events are NOT_AVAILABLE', async () => {
    const service = await startTestApp()
    const client = new pg.Client(service.databaseUrl)
    await client.connect()
    try {
      const keys = await service.redis.client().dbsize()
      const events = `{ auditEvents { nodes { actorName outcome targetId actor { id } ipAddress requestId errorMessage } } }`
      for (const { name, away, back } of ofEvents()) {
        await client.query(away)
        const { data } = await service.query(
          'mutation { clearAllCache(confirm: true) { __typename ... on UnavailableError { code message clearedCount } } }',
        )
        const { errors } = await service.query(events)
        await client.query(back)
        expect(data?.clearAllCache, name).toEqual({
          __typename: 'UnavailableError',
          code: 'DATABASE_UNAVAILABLE',
          message: expect.stringMatching(/nothing was done: gateway.missing names/),
          clearedCount: 0,
        })
        expect(await service.redis.client().dbsize(), name).toBe(keys)
        for (const { message, extensions } of errors) {
          expect(extensions['code'], name).toBe('NOT_AVAILABLE')
          expect(message).toContain('gateway.missing')
        }
        // The program and the status are written, and read by nobody here.
        expect(errors, name).toHaveLength(/user_agent|status_code/.test(name) ? 0 : 1)
      }
      expect((await service.query('{ auditEvents { totalCount } }')).data).toEqual({
        auditEvents: { totalCount: 0 },
      })
    } finally {
      await client.end()
      await service.close()
    }
  })
})

/** The words of the statements of each query, so that it is asked again only where what is missing is one of them. */
async function statementsOf(service: TestApp): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const read = new Map<string, ReadonlySet<string>>()
  for (const query of [...QUERIES, CLEAR, LOGIN]) {
    const statements = await service.statementsOf(async () => {
      const { errors } = await service.query(query, nobody(), from())
      expect(errors, query).toEqual([])
    })
    read.set(query, new Set(statements.join(' ').match(/\w+/g)))
  }
  return read
}

interface Lack {
  readonly name: string
  /** The words that a statement which reads it has. */
  readonly mentioned: readonly string[]
  readonly away: string
  readonly back: string
}

const lackOf = (table: string, column?: string): Lack =>
  column === undefined
    ? {
        name: table,
        mentioned: [table],
        away: `ALTER TABLE ${table} RENAME TO away`,
        back: `ALTER TABLE away RENAME TO ${table}`,
      }
    : {
        name: `${table}.${column}`,
        mentioned: [table, column],
        away: `ALTER TABLE ${table} RENAME ${column} TO away`,
        back: `ALTER TABLE ${table} RENAME away TO ${column}`,
      }

/** Each table without its name or its ids, and usage rows without their time; that other columns may be missing, tests/gateway/columns.test.ts shows. */
async function lacks(client: pg.Client): Promise<Lack[]> {
  const names = [...TABLE_NAMES, 'usage', 'usage_settlement_snapshots', 'user_sessions', 'management_tokens']
  const { rows } = await client.query<{ table: string; ids: boolean }>(
    `SELECT table_name AS table, bool_or(column_name = 'id') AS ids FROM information_schema.columns
     WHERE table_schema = current_schema() AND table_name = ANY($1) GROUP BY 1`,
    [names],
  )
  return [
    ...rows.flatMap(({ table, ids }) => [lackOf(table), ...(ids ? [lackOf(table, 'id')] : [])]),
    ...(rows.some(({ table }) => table === 'usage') ? [lackOf('usage', 'created_at')] : []),
  ]
}

/** The table of audit events, or each column of it that is read or written. */
const ofEvents = (): Lack[] => {
  const columns = OTHER_READS.find(({ field }) => field === 'auditEvents')?.columns ?? []
  return [
    lackOf('audit_logs'),
    ...columns.map((name) => lackOf('audit_logs', name.slice('audit_logs.'.length))),
  ]
}
