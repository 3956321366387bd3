import { randomUUID } from 'node:crypto'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ConfigurationError } from '../../src/errors.js'
import { createPgDatabase } from '../../src/postgres/database.js'
import { startTestApp } from '../support/app.js'
import { type PgBouncerOptions, startPgBouncer } from '../support/servers/pgbouncer.js'
import { psql } from '../support/servers/postgres.js'
import { freshDatabase } from '../support/servers/shared.js'

/** What PgBouncer drops without a word where an administrator has told it so. */
const DROPS = 'extra_float_digits,options,statement_timeout,lock_timeout'
const TIMEOUTS = ['statement_timeout', 'lock_timeout']

/** A database whose sessions are eight hours away, with a role of its own, behind PgBouncer in transaction mode. */
async function behindPooler(
  settings: Readonly<Record<string, string>>,
  options: PgBouncerOptions & { readonly schema?: string } = {},
) {
  const url = freshDatabase('fixtures')
  const role = `pooled_${randomUUID().replaceAll('-', '')}`
  const name = new URL(url).pathname.slice(1)
  const set = Object.entries(settings).map(([key, value]) => `ALTER ROLE ${role} SET ${key} = '${value}';`)
  psql(
    url,
    `CREATE ROLE ${role} LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role};
     GRANT INSERT, UPDATE ON audit_logs TO ${role};
     ALTER DATABASE ${name} SET TimeZone = 'Asia/Shanghai'; ${set.join(' ')}
     CREATE SCHEMA other; GRANT USAGE ON SCHEMA other TO ${role}`,
  )
  const pooled = await startPgBouncer(url.replace('//postgres@', `//${role}@`), options)
  const query = options.schema === undefined ? '' : `?schema=${options.schema}`
  const database = createPgDatabase({ url: `${pooled}${query}`, poolSize: 5 })
  onTestFinished(() => database.close())
  return { database, url, role, pooled }
}

const YEAR_2026 = new Date('2026-01-01T00:00:00Z')
const LIMITS = { statement_timeout: '5s', lock_timeout: '1500ms' }

describe.each([
  ['refuses settings of sessions', {}],
  ['drops settings of sessions', { ignores: DROPS }],
])('a pooler that %s', (_what, options) => {
  it('leaves no time eight hours off, in any of its sessions', async () => {
    const { database } = await behindPooler(LIMITS, options)
    const times = await Promise.all(
      Array.from({ length: 20 }, () =>
        database.query(
          "SELECT '2026-01-01T00:00:00Z'::timestamptz, current_setting('TimeZone'), pg_sleep(0.05)::text",
          [],
        ),
      ),
    )
    for (const [row] of times) {
      expect(new Date(String(row?.[0]))).toEqual(YEAR_2026)
      expect(row?.[1]).toBe('UTC')
    }
    const [row] = await database.prisma.$queryRaw<{ at: Date }[]>`SELECT ${YEAR_2026}::timestamptz AS at`
    expect(row?.at).toEqual(YEAR_2026)
    await database.ping()
  })

  it('carries a whole service, whose audit events have the right time', async () => {
    const { pooled, url } = await behindPooler(LIMITS, options)
    const service = await startTestApp({ databaseUrl: pooled, redis: 'empty' })
    onTestFinished(() => service.close())
    await service.query('mutation { clearAllCache(confirm: true) { __typename } }')
    const { data } = await service.query('{ auditEvents(first: 1) { nodes { createdAt } } }')
    const [event] = data.auditEvents.nodes
    expect(Math.abs(Date.parse(event.createdAt) - Date.now())).toBeLessThan(60_000)
    const ageSeconds = Number(
      psql(url, 'SELECT extract(epoch FROM now() - max(created_at)) FROM audit_logs').trim(),
    )
    expect(Math.abs(ageSeconds)).toBeLessThan(60)
  })

  it('leaves the time zone of others as it was', async () => {
    const { database, pooled } = await behindPooler(LIMITS, { ...options, poolSize: 1 })
    await database.ping()
    expect(psql(pooled, 'SHOW TimeZone').trim()).toBe('Asia/Shanghai')
    await database.ping()
  })

  it.each([
    [TIMEOUTS, {}],
    [['lock_timeout'], { statement_timeout: '5s' }],
    [['statement_timeout'], { lock_timeout: '1s' }],
  ])('is refused without %s, with the statements that set them', async (missing, settings) => {
    const { database, role } = await behindPooler(settings, options)
    const error = await database.ping().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(ConfigurationError)
    const [problem = ''] = error instanceof ConfigurationError ? error.problems : []
    expect(problem).toMatch(/ does not give sessions what they ask for \(.*\): a pooler such as PgBouncer/)
    for (const name of TIMEOUTS) {
      const statement = `ALTER ROLE "${role}" SET ${name} = '`
      expect(problem.includes(statement)).toBe(missing.includes(name))
    }
    await expect(database.query('SELECT 1', [])).rejects.toThrow()
  })

  it('is refused where statements would mean another schema', async () => {
    const { database } = await behindPooler(LIMITS, { ...options, schema: 'other' })
    await expect(database.ping()).rejects.toMatchObject({
      problems: [expect.stringContaining('SET search_path = "other"')],
    })
    const given = await behindPooler({ ...LIMITS, search_path: 'other' }, { ...options, schema: 'other' })
    await given.database.ping()
  })
})

it('asks for nothing more than the settings of its session where there is no pooler', async () => {
  const url = freshDatabase('fixtures')
  psql(url, `ALTER DATABASE ${new URL(url).pathname.slice(1)} SET TimeZone = 'Asia/Shanghai'`)
  const database = createPgDatabase({ url })
  onTestFinished(() => database.close())
  const [row] = await database.query(
    "SELECT current_setting('TimeZone'), current_setting('statement_timeout'), current_setting('lock_timeout')",
    [],
  )
  expect(row).toEqual(['UTC', '5s', '1500ms'])
})
