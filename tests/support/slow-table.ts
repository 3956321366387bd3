import { sql } from '../api/affinity-model.js'

/** From now on each look at this table of the gateway's takes so many seconds, as on a disk that is too busy. No lock. */
export async function slowTable(databaseUrl: string, table: string, seconds: number): Promise<void> {
  await sql(databaseUrl, `ALTER TABLE ${table} RENAME TO ${table}_at_once`)
  await sql(
    databaseUrl,
    `CREATE VIEW ${table} AS SELECT ${table}_at_once.* FROM ${table}_at_once, pg_sleep(${seconds})`,
  )
}

/** And from now on none does. */
export async function quickTable(databaseUrl: string, table: string): Promise<void> {
  await sql(databaseUrl, `DROP VIEW ${table}`)
  await sql(databaseUrl, `ALTER TABLE ${table}_at_once RENAME TO ${table}`)
}
