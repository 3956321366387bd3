import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { inject, onTestFinished } from 'vitest'
import { loadRedisFixtures } from '../../../scripts/lib/fixtures.js'
import { TEMPLATES } from './global.js'
import { createDatabase, createDatabases, psql } from './postgres.js'
import { type RedisServer, startRedis } from './redis.js'

/** The later generations of the gateway, by the folder of their fixtures. */
export const LATER_GENERATIONS = ['provider-keys', 'process-memory'] as const
export type LaterGeneration = (typeof LATER_GENERATIONS)[number]

export type DatabaseContents = 'fixtures' | 'schema' | 'empty' | LaterGeneration

const isLater = (contents: DatabaseContents): contents is LaterGeneration =>
  LATER_GENERATIONS.some((generation) => generation === contents)

/**
 * A new database on the run's PostgreSQL and its URL. `fixtures`: the tables and rows of the first generation; `schema`:
 * its tables without rows; `empty`: no table at all; a later generation: its tables and rows. It goes with the run.
 */
export function freshDatabase(contents: DatabaseContents = 'fixtures'): string {
  const template = isLater(contents)
    ? templateOf(contents)
    : contents === 'empty'
      ? 'template0'
      : TEMPLATES[contents]
  const url = new URL(inject('postgresUrl'))
  url.pathname = `/${spareDatabase(template)}`
  return url.href
}

/** Databases that are made at once: starting psql takes longer than copying the template. */
const MADE_AT_ONCE = 4
const spare = new Map<string, string[]>()

function spareDatabase(template: string): string {
  const names = spare.get(template) ?? []
  spare.set(template, names)
  if (names.length === 0) {
    for (let n = 0; n < MADE_AT_ONCE; n += 1) names.push(`test_${randomUUID().replaceAll('-', '')}`)
    createDatabases(inject('postgresUrl'), names, template)
  }
  return names.pop() ?? ''
}

const fixture = (path: string): string =>
  readFileSync(new URL(`../../fixtures/${path}`, import.meta.url), 'utf8')

/** The template of a later generation. The first test file that needs it makes it, and others wait. */
function templateOf(generation: LaterGeneration): string {
  const admin = inject('postgresUrl')
  const name = `template_${generation.replace('-', '_')}`
  const state = () => psql(admin, `SELECT datistemplate FROM pg_database WHERE datname = '${name}'`).trim()
  if (state() === '' && makes(admin, name)) {
    const url = new URL(admin)
    url.pathname = `/${name}`
    psql(url.href, fixture(`${generation}/gateway-schema.sql`) + fixture(`${generation}/gateway-data.sql`))
    psql(admin, `ALTER DATABASE ${name} IS_TEMPLATE true`)
  }
  while (state() !== 't') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)
  return name
}

/** Whether this process is the one that creates the database. */
function makes(admin: string, name: string): boolean {
  try {
    createDatabase(admin, name)
    return true
  } catch (error) {
    if (psql(admin, `SELECT 1 FROM pg_database WHERE datname = '${name}'`).trim() === '') throw error
    return false
  }
}

/**
 * A Redis of the test file's own, with the fixtures (their times relative to `now`, in milliseconds) or empty.
 * In a test it is stopped when that test ends; made in beforeAll, stop it in afterAll.
 */
export async function freshRedis(
  contents: 'fixtures' | 'empty' = 'fixtures',
  options: { now?: number; args?: readonly string[] } = {},
): Promise<RedisServer> {
  const server = await startRedis(options.args === undefined ? {} : { args: options.args })
  try {
    onTestFinished(() => server.stop())
  } catch {
    // Not called from a test.
  }
  if (contents === 'fixtures') await loadRedisFixtures(server.client(), options.now)
  return server
}
