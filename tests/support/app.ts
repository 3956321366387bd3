import { createHash } from 'node:crypto'
import pino from 'pino'
import { type App, createApp } from '../../src/app.js'
import { type Config, loadConfig } from '../../src/config/load-config.js'
import type { OpenGateway } from '../../src/gateway/gateway.js'
import type { Generation } from '../../src/gateway/nodes/gateway-nodes.js'
import type { TransportLimits } from '../../src/server/http/transport-limits.js'
import { FIXTURE_ENVIRONMENT } from './fixtures.js'
import { temporaryDirectory } from './servers/child.js'
import type { RedisServer } from './servers/redis.js'
import { type DatabaseContents, freshDatabase, freshRedis } from './servers/shared.js'

export const ADMIN_TOKEN = 'static-admin-token-of-the-tests'
export const VIEWER_TOKEN = 'static-viewer-token-of-the-tests'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Value of `ADMIN_TOKENS` for the service under test. */
export const ADMIN_TOKENS = `tests:admin:${sha256(ADMIN_TOKEN)},looker:viewer:${sha256(VIEWER_TOKEN)}`

/** Variables for production, where the published secrets of this repository would be refused. */
export const PRODUCTION = {
  NODE_ENV: 'production',
  JWT_SECRET_KEY: 'Zq7vN2xL9sT4mB8cR1kW6yH3pJ5dF0gA',
  ENCRYPTION_KEY: 'uE3rX8nQ5wK1zV7b',
} as const

export interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: an answer's shape follows from the query that the test wrote
  readonly data: any
  readonly errors: readonly {
    readonly message: string
    readonly path?: readonly (string | number)[]
    readonly extensions: Readonly<Record<string, unknown>>
  }[]
  readonly extensions: Readonly<Record<string, unknown>> | undefined
}

export interface Statement {
  readonly sql: string
}

/** The whole service on its own PostgreSQL and Redis; requests are sent in process. */
export interface TestApp {
  readonly app: App
  readonly redis: RedisServer
  readonly databaseUrl: string
  /** Parsed log lines of the service. */
  readonly logs: readonly Readonly<Record<string, unknown>>[]
  /** Sends an operation with the static administrator's token, with another token, or with none (null). */
  query(document: string, variables?: object, options?: QueryOptions): Promise<Answer>
  /** Collects the SQL statements that are issued during `run`. */
  statementsOf(run: () => Promise<unknown>): Promise<string[]>
  close(): Promise<void>
}

export interface QueryOptions {
  readonly token?: string | null
  readonly clientAddress?: string
  readonly operationName?: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface TestAppOptions {
  /** The URL of a database in place of `database`. */
  readonly databaseUrl?: string
  readonly openGateway?: OpenGateway
  readonly database?: DatabaseContents
  readonly redis?: 'fixtures' | 'empty'
  readonly env?: Readonly<Record<string, string>>
  readonly now?: () => number
  readonly transportLimits?: Partial<TransportLimits>
  readonly generation?: () => Generation
  readonly sweepEveryMs?: number
}

export async function startTestApp(options: TestAppOptions = {}): Promise<TestApp> {
  const databaseUrl = options.databaseUrl ?? freshDatabase(options.database ?? 'fixtures')
  const redis = await freshRedis(options.redis ?? 'fixtures', options.now ? { now: options.now() } : {})
  const config = testConfig({ DATABASE_URL: databaseUrl, REDIS_URL: redis.url, ...options.env })
  const logs: Record<string, unknown>[] = []
  const logger = pino(
    { level: 'debug', base: null },
    { write: (line: string) => logs.push(JSON.parse(line)) },
  )
  const { now, transportLimits, generation, openGateway, sweepEveryMs } = options
  const app = await createApp(config, {
    logger,
    ...(now && { now }),
    ...(openGateway && { openGateway }),
    ...(transportLimits && { transportLimits }),
    ...(generation && { generation }),
    ...(sweepEveryMs !== undefined && { sweepEveryMs }),
  })
  const statements: string[] = []
  app.database.onQuery((sql) => statements.push(sql))

  return {
    app,
    redis,
    databaseUrl,
    logs,
    query: (document, variables, queryOptions) => ask(app, document, variables, queryOptions),
    async statementsOf(run) {
      const before = statements.length
      await run()
      return statements.slice(before)
    },
    async close() {
      await app.yoga.dispose()
      await app.close()
      await redis.stop()
    },
  }
}

export const testConfig = (env: Readonly<Record<string, string>>): Config =>
  loadConfig({
    ...FIXTURE_ENVIRONMENT,
    ADMIN_TOKENS,
    AUDIT_SPOOL_DIR: temporaryDirectory('audit-spool'),
    // Only the tests of these limits need them; the others send requests as fast as they can.
    RATE_LIMIT_VIEWER: '0',
    RATE_LIMIT_ADDRESS: '0',
    ...env,
  })

/** Sends one operation through `yoga.fetch`: all of HTTP without a port. */
export async function ask(
  app: App,
  query: string,
  variables: object = {},
  { token = ADMIN_TOKEN, clientAddress = '127.0.0.1', operationName, headers }: QueryOptions = {},
): Promise<Answer> {
  const response = await app.yoga.fetch(
    'http://localhost/graphql',
    {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        ...(token !== null && { authorization: `Bearer ${token}` }),
        ...headers,
      },
      body: JSON.stringify({ query, variables, ...(operationName && { operationName }) }),
    },
    { clientAddress },
  )
  const body = (await response.json()) as { data?: unknown; errors?: Answer['errors']; extensions?: object }
  return {
    status: response.status,
    data: body.data,
    errors: body.errors ?? [],
    extensions: body.extensions as Answer['extensions'],
  }
}
