import { mkdirSync } from 'node:fs'
import { PrismaPg } from '@prisma/adapter-pg'
import type {
  SqlDriverAdapter,
  SqlMigrationAwareDriverAdapterFactory,
  SqlQuery,
} from '@prisma/driver-adapter-utils'
import pLimit from 'p-limit'
import pg from 'pg'
import { ConfigurationError } from '../errors.js'
import { PrismaClient } from '../generated/prisma/client.js'
import { createHangGuard } from '../util/hang-guard.js'
import { withinGrace } from '../util/promises.js'
import { hostAndPort } from '../util/reachability.js'
import { type ConnectionShare, readRoleLimit, shareOf } from './connection-share.js'
import { NO_TURN } from './database-errors.js'
import { lockDirectory } from './directory-lock.js'
import { createKeptPlans, type KeptPlans, suitsKeptPlan } from './kept-plans.js'
import { type LongRead, type Rows, readLong, settingsOf } from './long-read.js'
import { createPgSessions } from './pg-sessions.js'
import { type Around, observeQueries, type QueryListener } from './query-observer.js'
import { boundStatements } from './read-timeout.js'
import { textOfList } from './text-list.js'

export type { QueryListener } from './query-observer.js'

/** The gateway's database: its PostgreSQL, or PGlite in this process. It connects at its first use. */
export interface Database {
  readonly prisma: PrismaClient
  /** For Prisma's schema engine and for SQL that Prisma's client cannot express. */
  readonly sqlAdapterFactory: SqlMigrationAwareDriverAdapterFactory
  /**
   * Runs one statement through Prisma's driver adapter and not its client: a third of the cost for statements that never
   * change. Arguments are texts, or lists of texts that nobody changes
   * afterwards. Rows are as the adapter returns them, with times as ISO texts.
   * @param plan `kept` for a statement that reads, whose plan suits any arguments: each session plans it only once
   */
  query(
    sql: string,
    args: readonly (string | readonly string[])[],
    plan?: 'kept',
  ): Promise<readonly (readonly unknown[])[]>
  /**
   * Runs a statement that may take long, in a read-only transaction with a time-out of its own and without parallel workers.
   * The server ends it when the signal is aborted; the database in this process does not.
   * @throws OperationTimeoutError if it takes too long; the signal's reason
   */
  readLong(read: LongRead): Promise<Rows>
  /** The address for messages: host and port, a socket, or this process; never the URL's user, password or query. */
  readonly address: string
  /** The PostgreSQL schema that holds the gateway's tables, normally `public`. */
  readonly schemaName: string
  /**
   * Takes no more connections than the role may have (`CONNECTION LIMIT`), and leaves some of these to others. Call it before
   * there is load. @returns undefined where there are no connections
   */
  obeyRole(): Promise<ConnectionShare | undefined>
  /** Resolves when the database answers. Rejects with the driver's error: see toDomainError. */
  ping(): Promise<void>
  /** Waits at most 2 s for running statements, and closes all connections. */
  close(): Promise<void>
  /** Calls the listener when a statement ends, also with an error. @returns a function that removes the listener */
  onQuery(listener: QueryListener): () => void
}

export interface PgDatabaseOptions {
  /** postgresql://user:password@host:port/database; `schema=` names another schema than `public`. */
  readonly url: string
  /** The maximum number of statements at once, each on its connection. Default 10. One more connection is for pings. */
  readonly poolSize?: number
  /** Milliseconds that a statement waits for its turn. Default 2,000. */
  readonly turnTimeoutMs?: number
  /** Milliseconds after which the server cancels a statement. Default 5,000. If the server hangs, 1,500 is the limit. */
  readonly statementTimeoutMs?: number
  /** Receives the error of an idle connection that broke; the pool replaces it. */
  readonly onError?: (error: Error) => void
}

/** Milliseconds that a statement waits for its turn. */
const TURN_TIMEOUT_MS = 2_000
/** Milliseconds that closing may take. */
const CLOSE_GRACE_MS = 2_000
// Added to the server's own time-out, so that the client's is reached only if the server no longer answers at all.
const CLIENT_TIMEOUT_MARGIN_MS = 250

// A locked table counts as an outage, and is noticed sooner than by the statement time-out.
const LOCK_TIMEOUT_MS = 1_500

// While the database hangs, requests fail within 2 s: the first statement after 1.5 s, all others at once.
const HANG_GUARD = { suspectAfterMs: 500, probeTimeoutMs: 1_000 } as const
const LONG_HANG_GUARD = { suspectAfterMs: 3_000, probeTimeoutMs: 1_000 } as const

// By the wall clock, in which this process may not have run: the guard is long before it where the server does not answer.
const CONNECT_TIMEOUT_MS = 10_000

// Prisma's adapter sends and reads times without a zone, as UTC: in a session with another zone they would be wrong.
const SESSION_SETTINGS = '-c TimeZone=UTC'

/** Quotes a name for PostgreSQL's `options`: unquoted names become lower case, and a blank would end the option. */
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`.replace(/[\\\s]/g, '\\$&')

const poolSizeOf = ({ poolSize = 10 }: PgDatabaseOptions): number => poolSize

interface Pooled {
  readonly config: pg.PoolConfig
  /** The part of `config` by which sessions get their settings, without these settings. */
  readonly withoutSettings: pg.PoolConfig
  readonly schemaName: string | undefined
  readonly statementTimeoutMs: number
  readonly lockTimeoutMs: number
}

function poolConfig(options: PgDatabaseOptions): Pooled {
  const url = URL.canParse(options.url) ? new URL(options.url) : undefined
  // Not `new URL` alone, because Node's error would contain the URL with its password.
  if (url === undefined) throw new ConfigurationError(["The database's URL cannot be read as a URL."])
  // `schema` is a parameter of Prisma, which PostgreSQL does not know.
  const schemaName = url.searchParams.get('schema') || undefined
  url.searchParams.delete('schema')
  const bare = url.href
  // The settings go into the URL, because pg lets parameters of the URL replace those beside it.
  const searchPath = schemaName === undefined ? '' : `-c search_path=${quoted(schemaName)}`
  const settings = [url.searchParams.get('options'), SESSION_SETTINGS, searchPath].filter(Boolean)
  url.searchParams.set('options', settings.join(' '))
  const statementTimeoutMs = options.statementTimeoutMs ?? 5_000
  const lockTimeoutMs = Math.min(LOCK_TIMEOUT_MS, statementTimeoutMs)
  const config: pg.PoolConfig = {
    connectionString: url.href,
    application_name: 'affinityql',
    max: poolSizeOf(options) + 1,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: statementTimeoutMs,
    lock_timeout: lockTimeoutMs,
    query_timeout: statementTimeoutMs + CLIENT_TIMEOUT_MARGIN_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  }
  const withoutSettings: pg.PoolConfig = {
    connectionString: bare,
    statement_timeout: false,
    lock_timeout: 0,
  }
  return { config, withoutSettings, schemaName, statementTimeoutMs, lockTimeoutMs }
}

/**
 * Creates a connection pool to a PostgreSQL server.
 * @throws ConfigurationError if the URL is invalid
 */
export function createPgDatabase(options: PgDatabaseOptions): Database {
  const { config, schemaName, ...settings } = poolConfig(options)
  const pool = new pg.Pool(config)
  boundStatements(pool, settings.statementTimeoutMs + CLIENT_TIMEOUT_MARGIN_MS)
  const address = addressOf(config)
  const sessions = createPgSessions({ pool, address, schemaName, ...settings })
  // Without a listener the error of an idle connection would end the process.
  pool.on('error', (error) => options.onError?.(error))
  const plans = createKeptPlans()
  const factory = new PrismaPg(pool, {
    ...(schemaName !== undefined && { schema: schemaName }),
    statementNameGenerator: plans.nameOf,
  })
  const guard = createHangGuard({ ...HANG_GUARD, probe: () => probe(pool.options) })
  const longGuard = createHangGuard({ ...LONG_HANG_GUARD, probe: () => probe(pool.options) })
  const turns = createStatementTurns(poolSizeOf(options), options.turnTimeoutMs ?? TURN_TIMEOUT_MS)
  return assemble(
    factory,
    address,
    schemaName,
    {
      ping: () => guard.run(sessions.ping),
      async obeyRole() {
        const roleLimit = await readRoleLimit((sql) => pool.query(sql))
        const share = shareOf(poolSizeOf(options), roleLimit)
        turns.resize(share.statements)
        // pg reads it before each connection.
        pool.options.max = share.connections
        return share
      },
      // A hang is noticed later than with others: each look takes a connection, and such a statement would have many.
      readLong: (read, tell) =>
        turns.run(() => longGuard.run(() => sessions.whenRight(() => readLong(pool, read, tell)))),
      end() {
        guard.close()
        longGuard.close()
        return pool.end()
      },
    },
    plans,
    (statement) => turns.run(() => guard.run(() => sessions.whenRight(statement))),
  )
}

interface StatementTurns {
  readonly run: Around
  /** Changes how many statements run at a time. */
  resize(atOnce: number): void
}

/**
 * Runs at most `atOnce` statements at a time. One that does not get its turn within so many milliseconds fails as
 * overload (OverloadedError): the database may be idle, and it is this service that has too much to ask.
 */
function createStatementTurns(atOnce: number, waitMs: number): StatementTurns {
  const limit = pLimit(atOnce)
  return {
    resize(size) {
      limit.concurrency = size
    },
    run(statement) {
      // A statement that has begun in this turn of the event loop still counts as pending.
      if (limit.activeCount + limit.pendingCount < limit.concurrency) return limit(statement)
      let state: 'waiting' | 'begun' | 'refused' = 'waiting'
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          if (state !== 'waiting') return
          state = 'refused'
          reject(new Error(NO_TURN))
        }, waitMs).unref()
        void limit(async () => {
          if (state === 'refused') return
          state = 'begun'
          clearTimeout(timer)
          await statement().then(resolve, reject)
        })
      })
    },
  }
}

/** Asks the driver for the address: a URL may leave host and port to PGHOST and PGPORT, or name the directory of a socket. */
function addressOf(config: pg.PoolConfig): string {
  try {
    const { host, port } = new pg.Client(config)
    return host.startsWith('/') ? `${host}/.s.PGSQL.${port}` : hostAndPort({ host, port })
  } catch {
    // For example a missing certificate file, which connecting will report.
    const { hostname, port } = new URL(config.connectionString ?? '')
    return hostAndPort({ host: hostname, port: Number(port || 5432) })
  }
}

/** Resolves when the server answers anything, even an error: a server that is full or starting up does not hang. */
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
 * Creates a PGlite database in this process, stored in `dataDir`, or in memory without one. Only one process can open a
 * directory: its first use rejects with ConfigurationError if another process has it open.
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
    obeyRole: async () => undefined,
    async end() {
      const opened = await opening?.catch(() => undefined)
      await opened?.client.close()
      opened?.unlock()
    },
  })
}

async function openPglite(dataDir: string | undefined) {
  // Loaded only when used, because it is some 10 MB of WebAssembly.
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
    // PGlite's error is of no use: it holds only an exit status or an errno of WebAssembly.
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

const argTypesOf = (args: readonly (string | readonly string[])[]) =>
  args.map((arg) => ({
    scalarType: 'string' as const,
    arity: typeof arg === 'string' ? ('scalar' as const) : ('list' as const),
  }))

function assemble(
  factory: SqlMigrationAwareDriverAdapterFactory,
  address: string,
  schemaName: string | undefined,
  driver: Pick<Database, 'ping' | 'obeyRole'> & {
    /** Undefined where statements cannot be ended. */
    readLong?(read: LongRead, tell: QueryListener): Promise<Rows>
    end(): Promise<void>
  },
  plans?: KeptPlans,
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
    async query(sql, args, plan) {
      adapter ??= observed.factory.connect()
      const connected = await adapter
      const given = plans ? args.map((arg) => (typeof arg === 'string' ? arg : textOfList(arg))) : [...args]
      const statement: SqlQuery = { sql, args: given, argTypes: argTypesOf(given) }
      try {
        const { rows } =
          plans && plan === 'kept' && suitsKeptPlan(args)
            ? await plans.run(statement, (one) => connected.queryRaw(one))
            : await connected.queryRaw(statement)
        return rows
      } finally {
        // The adapter keeps its last hundred statements for a report of errors, with arguments of any size.
        statement.args = []
      }
    },
    async readLong(read) {
      if (driver.readLong) return driver.readLong(read, observed.tell)
      read.signal?.throwIfAborted()
      adapter ??= observed.factory.connect()
      return readInTransaction(await adapter, read)
    },
    address,
    schemaName: schemaName ?? 'public',
    ping: driver.ping,
    obeyRole: driver.obeyRole,
    onQuery: observed.onQuery,
    close() {
      closing ??= withinGrace(end(), CLOSE_GRACE_MS)
      return closing
    },
  }
}

/** Runs it by the adapter: the database in this process has one session, and answers one statement after the other. */
async function readInTransaction(adapter: SqlDriverAdapter, read: LongRead): Promise<Rows> {
  const transaction = await adapter.startTransaction()
  try {
    for (const setting of settingsOf(read))
      await transaction.executeRaw({ sql: setting, args: [], argTypes: [] })
    const { rows } = await transaction.queryRaw({
      sql: read.sql,
      args: [...read.args],
      argTypes: argTypesOf(read.args),
    })
    await transaction.commit()
    return rows
  } catch (error) {
    // The statement's error tells more than one of its end.
    await transaction.rollback().catch(() => {})
    throw error
  }
}
