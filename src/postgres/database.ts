import { mkdirSync } from 'node:fs'
import { PrismaPg } from '@prisma/adapter-pg'
import type { SqlDriverAdapter, SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils'
import pg from 'pg'
import { ConfigurationError } from '../errors.js'
import { PrismaClient } from '../generated/prisma/client.js'
import { createHangGuard } from '../util/hang-guard.js'
import { withinGrace } from '../util/promises.js'
import { hostAndPort } from '../util/reachability.js'
import { lockDirectory } from './directory-lock.js'
import { type Around, observeQueries, type QueryListener } from './query-observer.js'

export type { QueryListener } from './query-observer.js'

/** A database of the gateway's shape: a gateway's PostgreSQL, or PGlite inside this process. Nothing connects before its first use. */
export interface Database {
  readonly prisma: PrismaClient
  /** For Prisma's schema engine and for SQL that Prisma's client cannot express. */
  readonly sqlAdapterFactory: SqlMigrationAwareDriverAdapterFactory
  /**
   * One statement, past Prisma's client and through its driver adapter: a third of the cost, where the statement is
   * always the same. Arguments are texts, or lists of texts. Rows come as the adapter gives them: times as ISO texts.
   */
  query(sql: string, args: readonly (string | readonly string[])[]): Promise<readonly (readonly unknown[])[]>
  /** Where it is, for a person: host and port, a socket, or this process. Nothing of the URL's user, password or query. */
  readonly address: string
  /** The PostgreSQL schema that holds the gateway's tables, normally `public`. */
  readonly schemaName: string
  /** Resolves when the database answers. Rejects with the driver's error: see toDomainError. */
  ping(): Promise<void>
  /** Waits for statements in flight, 2 s at most, and ends every connection. */
  close(): Promise<void>
  /** Tells of each SQL statement when it has ended, well or not; returns what stops it. */
  onQuery(listener: QueryListener): () => void
}

export interface PgDatabaseOptions {
  /** postgresql://user:password@host:port/database; `schema=` names another schema than `public`. */
  readonly url: string
  /** Connections at most. Default 10. */
  readonly poolSize?: number
  /** Milliseconds to connect, and to wait for a connection of a full pool. Default 2,000. */
  readonly connectTimeoutMs?: number
  /** Milliseconds after which the server cancels a statement; one that hangs is given up in 1,500. Default 5,000. */
  readonly statementTimeoutMs?: number
  /** Told of a connection that broke while idle; the pool has replaced it by then. */
  readonly onError?: (error: Error) => void
}

const CLOSE_GRACE_MS = 2_000
// Beyond the server's own time-out: reached only where the server no longer answers at all.
const CLIENT_TIMEOUT_MARGIN_MS = 250

// A table that somebody has locked: as good as away, and known sooner than by the statement's own time-out.
const LOCK_TIMEOUT_MS = 1_500

// A request whose database hangs is refused within 2 s: its first statement after 1.5 s, all others at once.
const HANG_GUARD = { suspectAfterMs: 500, probeTimeoutMs: 1_000 } as const

// Prisma's adapter sends and reads times without their zone, as UTC: in a session of any other zone they would be wrong.
const SESSION_SETTINGS = '-c TimeZone=UTC'

/** A name as PostgreSQL takes it among `options`: quoted, since it would fold capitals otherwise, and no blank ends it. */
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`.replace(/[\\\s]/g, '\\$&')

function poolConfig(options: PgDatabaseOptions): { config: pg.PoolConfig; schemaName: string | undefined } {
  const url = URL.canParse(options.url) ? new URL(options.url) : undefined
  // Node's own error would carry the URL, and its password.
  if (url === undefined) throw new ConfigurationError(["The database's URL cannot be read as a URL."])
  // Prisma's parameter, unknown to PostgreSQL.
  const schemaName = url.searchParams.get('schema') || undefined
  url.searchParams.delete('schema')
  // Into the URL, as pg lets a URL's parameters replace the ones given beside it.
  const searchPath = schemaName === undefined ? '' : `-c search_path=${quoted(schemaName)}`
  const settings = [url.searchParams.get('options'), SESSION_SETTINGS, searchPath].filter(Boolean)
  url.searchParams.set('options', settings.join(' '))
  const statementTimeoutMs = options.statementTimeoutMs ?? 5_000
  const config: pg.PoolConfig = {
    connectionString: url.href,
    application_name: 'affinityql',
    max: options.poolSize ?? 10,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 2_000,
    statement_timeout: statementTimeoutMs,
    lock_timeout: Math.min(LOCK_TIMEOUT_MS, statementTimeoutMs),
    query_timeout: statementTimeoutMs + CLIENT_TIMEOUT_MARGIN_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  }
  return { config, schemaName }
}

/**
 * A real PostgreSQL, through a pool.
 * @throws ConfigurationError where the URL is none.
 */
export function createPgDatabase(options: PgDatabaseOptions): Database {
  const { config, schemaName } = poolConfig(options)
  const pool = new pg.Pool(config)
  // Without a listener the error of an idle connection would end the process.
  pool.on('error', (error) => options.onError?.(error))
  const factory = new PrismaPg(pool, schemaName === undefined ? {} : { schema: schemaName })
  const guard = createHangGuard({ ...HANG_GUARD, probe: () => probe(config) })
  return assemble(
    factory,
    addressOf(config),
    schemaName,
    {
      async ping() {
        await pool.query('SELECT 1')
      },
      end() {
        guard.close()
        return pool.end()
      },
    },
    guard.run,
  )
}

/** As the driver understands it: a URL may leave the host or the port to PGHOST and PGPORT, or name a socket's folder. */
function addressOf(config: pg.PoolConfig): string {
  try {
    const { host, port } = new pg.Client(config)
    return host.startsWith('/') ? `${host}/.s.PGSQL.${port}` : hostAndPort({ host, port })
  } catch {
    // A certificate's file that is not there, say: connecting will tell.
    const { hostname, port } = new URL(config.connectionString ?? '')
    return hostAndPort({ host: hostname, port: Number(port || 5432) })
  }
}

/** Resolves when the server says anything at all: one that is full or starting up does not hang. */
async function probe(config: pg.ClientConfig): Promise<void> {
  const client = new pg.Client(config)
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('SELECT 1')
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error
  } finally {
    client.end().catch(() => {})
  }
}

/**
 * PostgreSQL inside this process, kept in `dataDir`, or in memory without one. One process may have a directory open.
 * Opening one that another process has open rejects with ConfigurationError.
 */
export function createPgliteDatabase(options: { readonly dataDir?: string | undefined } = {}): Database {
  let opening: ReturnType<typeof openPglite> | undefined
  const open = () => {
    opening ??= openPglite(options.dataDir)
    return opening
  }
  const factory: SqlMigrationAwareDriverAdapterFactory = {
    provider: 'postgres',
    adapterName: 'pglite-prisma-adapter',
    connect: async () => (await open()).adapter.connect(),
    connectToShadowDb: async () => (await open()).adapter.connectToShadowDb(),
  }
  return assemble(factory, 'this process', undefined, {
    async ping() {
      await (await open()).client.query('SELECT 1')
    },
    async end() {
      const opened = await opening?.catch(() => undefined)
      await opened?.client.close()
      opened?.unlock()
    },
  })
}

async function openPglite(dataDir: string | undefined) {
  // Some 10 MB of WebAssembly: loaded only where it is used.
  const [{ PGlite }, { PrismaPGlite }] = await Promise.all([
    import('@electric-sql/pglite'),
    import('pglite-prisma-adapter'),
  ])
  if (dataDir === undefined) {
    const client = await PGlite.create({})
    return { client, adapter: new PrismaPGlite(client), unlock: () => {} }
  }
  const unlock = takeDirectory(dataDir)
  try {
    const client = await PGlite.create({ dataDir })
    return { client, adapter: new PrismaPGlite(client), unlock }
  } catch {
    // What it says is WebAssembly's: an exit status, or a number of errno.
    unlock()
    throw new ConfigurationError([
      `The database in the directory ${dataDir} cannot be opened: it is damaged, or this account may not use it. Move the directory away, and a new one is made; or set DATA_DIR to another.`,
    ])
  }
}

function takeDirectory(dataDir: string): () => void {
  try {
    mkdirSync(dataDir, { recursive: true })
    return lockDirectory(dataDir)
  } catch (error) {
    if (error instanceof ConfigurationError || !(error instanceof Error)) throw error
    throw new ConfigurationError([
      `The database directory ${dataDir} cannot be used (${error.message}): let this account write there, or set DATA_DIR to another.`,
    ])
  }
}

function assemble(
  factory: SqlMigrationAwareDriverAdapterFactory,
  address: string,
  schemaName: string | undefined,
  driver: { ping(): Promise<void>; end(): Promise<void> },
  around?: Around,
): Database {
  const observed = observeQueries(factory, around)
  const prisma = new PrismaClient({ adapter: observed.factory })
  let adapter: Promise<SqlDriverAdapter> | undefined
  let closing: Promise<void> | undefined
  const end = async () => {
    await prisma.$disconnect()
    await driver.end()
  }
  return {
    prisma,
    sqlAdapterFactory: observed.factory,
    async query(sql, args) {
      adapter ??= observed.factory.connect()
      const argTypes = args.map((arg) => ({
        scalarType: 'string' as const,
        arity: typeof arg === 'string' ? ('scalar' as const) : ('list' as const),
      }))
      const { rows } = await (await adapter).queryRaw({ sql, args: [...args], argTypes })
      return rows
    },
    address,
    schemaName: schemaName ?? 'public',
    ping: driver.ping,
    onQuery: observed.onQuery,
    close() {
      closing ??= withinGrace(end(), CLOSE_GRACE_MS)
      return closing
    },
  }
}
