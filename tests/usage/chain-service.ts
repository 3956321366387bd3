import { sql } from '../api/affinity-model.js'
import { startTestApp, type TestApp } from '../support/app.js'
import { freshDatabase } from '../support/servers/shared.js'
import { dropForeignKeys, type Folder, type KeyState, type Row, write, writeKeys } from './chain-model.js'
import { ENDPOINT_KEYS_USAGE } from './usage-table.js'

/** A service beside a gateway of this generation, whose usage rows are replaced by each `write`. */
export async function startChainService(folder: Folder): Promise<{
  readonly service: TestApp
  readonly write: (rows: readonly Row[], keys?: ReadonlyMap<string, KeyState>) => Promise<void>
}> {
  const databaseUrl = freshDatabase(folder === 'endpoint-keys' ? 'fixtures' : folder)
  if (folder === 'endpoint-keys') await sql(databaseUrl, ENDPOINT_KEYS_USAGE)
  else await dropForeignKeys(databaseUrl)
  await writeKeys(databaseUrl)
  // Hours and days are those of UTC, also where the server's are not.
  await sql(
    databaseUrl,
    `ALTER DATABASE "${new URL(databaseUrl).pathname.slice(1)}" SET timezone TO 'Asia/Kolkata'`,
  )
  const service = await startTestApp({ databaseUrl, redis: 'empty', env: { COST_PER_MINUTE: '0' } })
  return { service, write: (rows, keys = new Map()) => write(databaseUrl, folder, rows, keys) }
}
