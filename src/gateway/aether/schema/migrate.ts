import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  bindMigrationAwareSqlAdapterFactory,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
  type SqlQueryable,
  type Transaction,
} from '@prisma/driver-adapter-utils'
import * as engine from '@prisma/schema-engine-wasm/schema_engine_bg'
import { ConfigurationError, UnavailableError } from '../../../errors.js'
import type { Database } from '../../../postgres/database.js'
import { toDomainError } from '../../../postgres/database-errors.js'

// The lock that Prisma's own tools take while they migrate, so that they and we exclude each other as well.
const ADVISORY_LOCK = 72707369
const LOCK_WAIT_MS = 30_000
const LOCK_POLL_MS = 100

/**
 * Applies what is pending, in one transaction, with the record of it: a crash or an error leaves nothing behind.
 * @param isNeeded asked once no other process migrates any more.
 */
export async function migrate(
  database: Database,
  isNeeded: (locked: SqlQueryable) => Promise<boolean>,
): Promise<'migrated' | 'unchanged'> {
  const deadline = Date.now() + LOCK_WAIT_MS
  for (;;) {
    const outcome = await inTransaction(database.sqlAdapterFactory, async (transaction) => {
      if (!(await tryLock(transaction))) return 'locked' as const
      if (!(await isNeeded(transaction))) return 'unchanged' as const
      await applyIn(transaction, database.schemaName)
      return 'migrated' as const
    })
    if (outcome !== 'locked') return outcome
    if (Date.now() > deadline) throw new Error('Another process has been migrating this database for 30 s.')
    await sleep(LOCK_POLL_MS)
  }
}

// Tried, not waited for: a statement that waits would meet the statement time-out. The lock ends with the transaction.
async function tryLock(transaction: SqlQueryable): Promise<boolean> {
  const sql = `SELECT pg_try_advisory_xact_lock(${ADVISORY_LOCK})`
  const { rows } = await transaction.queryRaw({ sql, args: [], argTypes: [] })
  return rows[0]?.[0] === true
}

async function inTransaction<T>(
  factory: SqlMigrationAwareDriverAdapterFactory,
  work: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  const adapter = await factory.connect()
  try {
    const transaction = await adapter.startTransaction()
    // The adapter's contract: with a phantom query, commit() and rollback() send the statement themselves.
    const send = async (sql: string) => {
      if (!transaction.options.usePhantomQuery) await transaction.executeRaw({ sql, args: [], argTypes: [] })
    }
    try {
      const result = await work(transaction)
      await send('COMMIT')
      await transaction.commit()
      return result
    } catch (error) {
      await send('ROLLBACK').catch(() => {})
      await transaction.rollback().catch(() => {})
      throw error
    }
  } finally {
    await adapter.dispose()
  }
}

async function applyIn(transaction: Transaction, schemaName: string): Promise<void> {
  // The engine turns a driver's error into text, and goes on in the transaction that is broken by then, so that the last
  // error says nothing: the first one tells a lost connection from a missing right.
  let driverError: unknown
  const noting = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work
    } catch (error) {
      driverError ??= error
      throw error
    }
  }
  try {
    await applyMigrations(factoryOf(transaction, schemaName, noting))
  } catch (error) {
    if (toDomainError(driverError) instanceof UnavailableError) throw driverError
    const first = driverError ?? error
    const reason = first instanceof Error ? first.message.split('\n', 1)[0] : String(first)
    throw new ConfigurationError([
      `The tables could not be made in the schema "${schemaName}" (${reason}). Nothing was changed. Move the demo's database away, or set DATA_DIR to another.`,
    ])
  }
}

type Noting = <T>(work: Promise<T>) => Promise<T>

/** All that the schema engine does goes through the one transaction. */
function factoryOf(
  transaction: Transaction,
  schemaName: string,
  noting: Noting,
): SqlMigrationAwareDriverAdapterFactory {
  const { provider, adapterName } = transaction
  const adapter: SqlDriverAdapter = {
    provider,
    adapterName,
    queryRaw: (query) => noting(transaction.queryRaw(query)),
    executeRaw: async (query) => {
      // We hold this lock; the engine's would outlive the transaction, in a connection of the pool.
      if (query.sql.startsWith('SELECT pg_advisory_lock')) return 0
      return noting(transaction.executeRaw(query))
    },
    executeScript: async (script) => {
      // PGlite takes one statement at a time. Our migrations hold no semicolon inside a literal or a comment.
      for (const statement of script.split(';')) {
        if (statement.trim() === '') continue
        await noting(transaction.executeRaw({ sql: statement, args: [], argTypes: [] }))
      }
    },
    startTransaction: () => Promise.reject(new Error('A migration runs in one transaction.')),
    getConnectionInfo: () => ({ schemaName, supportsRelationJoins: true }),
    dispose: async () => {},
  }
  const shadow = () => Promise.reject(new Error('Applying migrations needs no shadow database.'))
  return { provider, adapterName, connect: async () => adapter, connectToShadowDb: shadow }
}

/** Where Prisma's schema engine records what it has applied. */
export const MIGRATIONS_TABLE = '_prisma_migrations'

// src/gateway/aether/schema/ and dist/gateway/aether/schema/ are equally deep below the package.
const PRISMA_DIRECTORY = new URL('../../../../prisma/', import.meta.url)
const MIGRATIONS_DIRECTORY = new URL('migrations/', PRISMA_DIRECTORY)

/** Directory names of our migrations, oldest first. */
export const migrationNames = (): string[] =>
  readdirSync(MIGRATIONS_DIRECTORY, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()

export const migrationSql = (name: string): string =>
  readFileSync(new URL(`${name}/migration.sql`, MIGRATIONS_DIRECTORY), 'utf8')

export const migrationLock = (): string =>
  readFileSync(new URL('migration_lock.toml', MIGRATIONS_DIRECTORY), 'utf8')

export const prismaSchema = (): string => readFileSync(new URL('schema.prisma', PRISMA_DIRECTORY), 'utf8')

/** Prisma's own schema engine as WebAssembly: no native binary, nothing downloaded, and it works on PGlite, too. */

// The package's own entry imports the .wasm file as a module, which Node does not do without a flag.
let loaded: Promise<typeof engine> | undefined

async function loadEngine(): Promise<typeof engine> {
  const entry = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm')
  const wasm = readFileSync(entry.replace('schema_engine.js', 'schema_engine_bg.wasm'))
  const { instance } = await WebAssembly.instantiate(wasm, { './schema_engine_bg.js': engine })
  engine.__wbg_set_wasm(instance.exports)
  const start = instance.exports['__wbindgen_start']
  if (typeof start === 'function') start()
  return engine
}

/** Applies, oldest first, each migration that the database's record does not name; their names. */
export async function applyMigrations(
  factory: SqlMigrationAwareDriverAdapterFactory,
): Promise<readonly string[]> {
  // Once a process: the module keeps views of one instance's memory.
  loaded ??= loadEngine()
  const { SchemaEngine } = await loaded
  const schemaEngine = await SchemaEngine.new(
    { datamodels: [['schema.prisma', prismaSchema()]] },
    () => {},
    bindMigrationAwareSqlAdapterFactory(factory),
  )
  const { appliedMigrationNames } = await schemaEngine.applyMigrations({
    filters: { externalTables: [], externalEnums: [] },
    migrationsList: {
      baseDir: 'prisma/migrations',
      shadowDbInitScript: '',
      lockfile: { path: 'migration_lock.toml', content: migrationLock() },
      migrationDirectories: migrationNames().map((name) => ({
        path: name,
        migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: migrationSql(name) } },
      })),
    },
  })
  return appliedMigrationNames
}
