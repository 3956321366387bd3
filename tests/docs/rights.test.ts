import { readFileSync } from 'node:fs'
import pg from 'pg'
import pino from 'pino'
import { expect, it } from 'vitest'
import { createApp } from '../../src/app.js'
import { ask, testConfig } from '../support/app.js'
import { freshDatabase, freshRedis } from '../support/servers/shared.js'

const read = (name: string) => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8')
const acl = /^ACL SETUSER .*$/m.exec(read('configuration.md'))?.[0] ?? ''
const grants = /```sql\n([\s\S]*?)```/.exec(read('operating.md'))?.[1] ?? ''

/** Asks for all that the service does with its stores. */
const EVERYTHING = [
  '{ affinities(first: 50, search: "a", filter: { stale: false }) { totalCount nodes { user { username apiKeys { maskedKey } } provider { name } providerKey { maskedKey } endpoint { baseUrl } model { name } staleReasons } } }',
  '{ cacheStats { totalAffinities cacheHits schedulingMode } cacheConfig { cacheTtlSeconds } }',
  '{ modelMappingStats { available totalKeys } modelMappings { totalCount nodes { providers { name } } } unmappedEntries { totalCount } }',
  '{ providerModelMappings { totalCount nodes { hitCount ttlSeconds } } }',
  '{ poolSessions { totalCount } }',
  'mutation { clearPoolSessions(filter: { providerId: "p" }) { __typename ... on Error { code message } } }',
  'mutation { clearUserCache(identifier: "alice") { __typename ... on Error { code message } } }',
  'mutation { clearAffinities(filter: { apiFormat: "OPENAI" }) { __typename ... on Error { code message } } }',
  'mutation { clearAllCache(confirm: true) { __typename ... on Error { code message } } }',
  'mutation { clearModelMappingCacheByName(modelName: "gpt-5") { __typename ... on Error { code message } } }',
  'mutation { clearAllModelMappingCache(confirm: true) { __typename ... on Error { code message } } }',
  '{ auditEvents { totalCount nodes { success actor { username } } } }',
  'mutation { login(email: "root@example.com", password: "correct horse battery") { __typename } }',
]

it('the users of PostgreSQL and Redis that the documents make have every right that is needed', async () => {
  const url = freshDatabase()
  const owner = new pg.Client(url)
  await owner.connect()
  // The role is the run's; its rights are this database's.
  await owner.query(grants)
  await owner.end()
  const redis = await freshRedis()
  const [, ...rule] = acl.replace('>…', '>secret').split(' ')
  redis.cli('ACL', ...rule)

  const warnings: string[] = []
  const logger = pino({ level: 'warn' }, { write: (line: string) => void warnings.push(line) })
  const config = testConfig({
    DATABASE_URL: url.replace('//postgres@', '//affinityql@'),
    REDIS_URL: `redis://affinityql:secret@127.0.0.1:${redis.port}`,
  })
  const app = await createApp(config, { logger })
  try {
    for (const document of EVERYTHING) {
      const { data, errors } = await ask(app, document)
      expect(errors, document).toEqual([])
      for (const result of Object.values(data)) expect(result, document).not.toHaveProperty('code')
    }
    const token = (await ask(app, EVERYTHING.at(-1)?.replace('__typename', '... on Session { token }') ?? ''))
      .data.login.token
    expect((await ask(app, '{ viewer { name } }', {}, { token })).data.viewer.name).toBe('root')
    expect((await ask(app, 'mutation { logout }', {}, { token })).data).toEqual({ logout: true })
    expect((await ask(app, '{ viewer { name } }', {}, { token })).status).toBe(401)
    const health = await app.yoga.fetch('http://localhost/health/ready')
    expect(await health.json()).toMatchObject({ status: 'ready', affinityIndex: 'live' })
    expect(redis.cli('ACL', 'LOG').trim()).toBe('')
    expect(warnings.filter((line) => !line.includes('cannot be read'))).toEqual([])
  } finally {
    await app.yoga.dispose()
    await app.close()
  }
})

/** What docs/gateways.md grants: to all, for sign-ins of the later generations, and beside the Rust gateway as well. */
const [forAll = '', forSignIns = '', forRust = ''] = [
  ...read('gateways.md').matchAll(/```sql\n([\s\S]*?)```/g),
].map(([, statements = '']) => statements)

it.each([
  ['provider-keys', forAll + forSignIns],
  ['process-memory', forAll + forSignIns + forRust],
] as const)('the rights of docs/gateways.md are enough beside %s', async (contents, statements) => {
  const url = freshDatabase(contents)
  const owner = new pg.Client(url)
  await owner.connect()
  await owner.query(statements)
  await owner.end()
  const redis = await freshRedis('empty')
  const config = testConfig({
    DATABASE_URL: url.replace('//postgres@', '//affinityql@'),
    REDIS_URL: `redis://127.0.0.1:${redis.port}`,
  })
  const app = await createApp(config, { logger: pino({ level: 'silent' }) })
  try {
    const documents = [
      ...EVERYTHING.filter((document) => !document.startsWith('mutation')),
      '{ gateway { missing { field needs } schedulingMode pinsAreHonoured } }',
      `{ cacheUsage(since: "${new Date(Date.now() - 3_600_000).toISOString()}", by: TOTAL) { groupCount } }`,
      '{ affinities(filter: { clientSession: { id: "a" } }) { totalCount } }',
      'mutation { clearModelMappingCacheByName(modelName: "gpt-5") { __typename } }',
    ]
    for (const document of documents) expect((await ask(app, document)).errors, document).toEqual([])
    const { gateway } = (await ask(app, documents.at(-4) ?? '')).data
    expect(gateway).toMatchObject({ missing: [], pinsAreHonoured: true })
  } finally {
    await app.yoga.dispose()
    await app.close()
  }
})
