/**
 * Vitest's globalSetup: one Redis and one PostgreSQL for the whole run. Test files get their own databases of that
 * PostgreSQL from `freshDatabase()` in shared.ts, copied from two templates that are made here.
 * What `freshPglite()` in pglite.ts copies is made by the first that asks for it.
 */
import type { TestProject } from 'vitest/node'
import { fixtureSql } from '../../../scripts/lib/fixtures.js'
import { removeDirectory, temporaryDirectory } from './child.js'
import { startPostgres } from './postgres.js'
import { startRedis } from './redis.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** The maintenance database of the run's PostgreSQL. */
    postgresUrl: string
    /** The run's Redis, shared by all test files: for reads, or with keys of the test's own. */
    redisUrl: string
    /** The folder in which the run keeps the PGlite that others are copies of. */
    pgliteDirectory: string
  }
}

/** Templates of the run's PostgreSQL: the gateway's nine tables, empty, and with the fixtures. */
export const TEMPLATES = { schema: 'template_gateway_schema', fixtures: 'template_gateway_fixtures' } as const

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [postgres, redis] = await Promise.all([startPostgres(), startRedis()])
  const sql = fixtureSql()
  postgres.psql(postgres.createDatabase(TEMPLATES.schema), sql.schema)
  postgres.psql(postgres.createDatabase(TEMPLATES.fixtures, TEMPLATES.schema), sql.data)
  project.provide('postgresUrl', postgres.url)
  project.provide('redisUrl', redis.url)
  const pgliteDirectory = temporaryDirectory('pglite')
  project.provide('pgliteDirectory', pgliteDirectory)
  return async () => {
    removeDirectory(pgliteDirectory)
    await Promise.all([postgres.stop(), redis.stop()])
  }
}
