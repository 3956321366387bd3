/** Prisma's own schema engine as WebAssembly: no native binary, nothing downloaded, and it works on PGlite, too. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import {
  bindMigrationAwareSqlAdapterFactory,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils'
import * as engine from '@prisma/schema-engine-wasm/schema_engine_bg'
import { migrationLock, migrationNames, migrationSql, prismaSchema } from './migrations.js'

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
