import { randomBytes } from 'node:crypto'
import type { Logger } from 'pino'
import type { ModeConfig } from '../config/mode.js'
import { createDemoTables, createDemoUsageTables, DEMO_ENCRYPTION_KEY } from '../demo/index.js'
import { ConfigurationError } from '../errors.js'
import type { Gateway } from '../gateway/gateway.js'
import { createPgDatabase, createPgliteDatabase, type Database } from '../postgres/database.js'
import { reasonOf } from '../util/reachability.js'

/** Returns the gateway's secrets, or those of the demo. */
export const secretsOf = (mode: ModeConfig) =>
  mode.kind === 'gateway'
    ? mode
    : {
        encryptionKey: DEMO_ENCRYPTION_KEY,
        jwtSecretKey: mode.jwtSecretKey ?? randomBytes(32).toString('base64url'),
      }

/** Opens the gateway's database, or the embedded one. It connects at the first statement. */
export const openDatabase = (mode: ModeConfig, logger: Logger): Database =>
  mode.kind === 'embedded'
    ? createPgliteDatabase({ dataDir: mode.dataDir })
    : createPgDatabase({
        url: mode.databaseUrl,
        poolSize: mode.databasePoolSize,
        onError: (error) => logger.warn({ reason: error.message }, 'database connection'),
      })

/** Two reads of usage run at a time. */
const USAGE_POOL_SIZE = 2

/** Opens the database of usage rows, if another than the gateway's is named. It connects at the first statement. */
export const openUsageDatabase = (mode: ModeConfig, logger: Logger): Database | undefined =>
  mode.kind === 'gateway' && mode.usageDatabaseUrl !== undefined
    ? createPgDatabase({
        url: mode.usageDatabaseUrl,
        poolSize: USAGE_POOL_SIZE,
        onError: (error) => logger.warn({ reason: error.message }, 'usage database connection'),
      })
    : undefined

/**
 * Connects to the database, and reads what its tables are. The embedded database gets its tables before.
 * @throws ConfigurationError if the database cannot be reached or is not the gateway's
 */
export async function prepareDatabase(
  mode: ModeConfig,
  database: Database,
  gateway: Gateway,
  logger: Logger,
): Promise<void> {
  try {
    // The error of the driver has the reason; the error of Prisma would not.
    await database.ping()
    if (mode.kind === 'embedded') {
      await createDemoTables(database.query, mode.generation)
      await gateway.schema.makeTables()
      await createDemoUsageTables(database.query, mode.generation)
      // The first look was before these tables.
      await gateway.schema.inspect()
    } else {
      await gateway.schema.prepare()
    }
    await obeyRole(mode, database, logger)
  } catch (error) {
    if (error instanceof ConfigurationError) throw error
    throw new ConfigurationError([
      `The database at ${database.address} cannot be reached (${reasonOf(error) ?? 'no answer'}): check DATABASE_URL, its password and the network. npx affinityql doctor checks the rest as well.`,
    ])
  }
}

/** Tells when the role leaves fewer connections than are configured: statements then wait for each other. */
async function obeyRole(mode: ModeConfig, database: Database, logger: Logger): Promise<void> {
  const share = await database.obeyRole()
  if (share === undefined || share.roleLimit === null || mode.kind === 'embedded') return
  const { roleLimit, connections, statements } = share
  const facts = { roleLimit, connections, statements }
  if (statements < mode.databasePoolSize) logger.warn(facts, 'the database role limits the connections')
  else logger.info(facts, 'the database role has a limit of connections, and room for ours')
}
