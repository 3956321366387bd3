import pg from 'pg'
import { sql } from '../api/affinity-model.js'

/** Makes each read of a gateway table take some seconds, as on a busy disk, without a lock. */
export async function slowTable(databaseUrl: string, table: string, seconds: number): Promise<void> {
  await sql(databaseUrl, `ALTER TABLE ${table} RENAME TO ${table}_at_once`)
  await sql(
    databaseUrl,
    `CREATE VIEW ${table} AS SELECT ${table}_at_once.* FROM ${table}_at_once, pg_sleep(${seconds})`,
  )
}

/** Undoes `slowTable`. */
export async function quickTable(databaseUrl: string, table: string): Promise<void> {
  await sql(databaseUrl, `DROP VIEW ${table}`)
  await sql(databaseUrl, `ALTER TABLE ${table}_at_once RENAME TO ${table}`)
}

/** Makes each read of a gateway table wait until this is called: nobody has to look at the right moment. */
export async function heldTable(databaseUrl: string, table: string): Promise<() => Promise<void>> {
  const holder = new pg.Client({ connectionString: databaseUrl })
  await holder.connect()
  await holder.query(`BEGIN; LOCK TABLE ${table}`)
  return () => holder.end()
}

/** Makes each read of a row of this table fail with an error that nobody expects. */
export async function brokenTable(databaseUrl: string, table: string): Promise<void> {
  await sql(databaseUrl, `ALTER TABLE ${table} RENAME TO ${table}_whole`)
  await sql(
    databaseUrl,
    `CREATE VIEW ${table} AS SELECT * FROM ${table}_whole WHERE 1 / (length(id) - length(id)) > 0`,
  )
}

/** Undoes `brokenTable`. */
export async function wholeTable(databaseUrl: string, table: string): Promise<void> {
  await sql(databaseUrl, `DROP VIEW ${table}`)
  await sql(databaseUrl, `ALTER TABLE ${table}_whole RENAME TO ${table}`)
}
