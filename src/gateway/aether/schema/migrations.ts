import { readdirSync, readFileSync } from 'node:fs'

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
