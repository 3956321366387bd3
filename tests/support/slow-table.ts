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
