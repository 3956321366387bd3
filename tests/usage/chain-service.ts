import { createAetherGateway } from '../../src/gateway/aether/aether-gateway.js'
import type { OpenGateway } from '../../src/gateway/gateway.js'
import type { UsageChains } from '../../src/usage/usage-chains.js'
import { sql } from '../api/affinity-model.js'
import { startTestApp, type TestApp } from '../support/app.js'
import { freshDatabase } from '../support/servers/shared.js'
import { dropForeignKeys, type Folder, type KeyState, type Row, write, writeKeys } from './chain-model.js'
import { ENDPOINT_KEYS_USAGE } from './usage-table.js'

/** A gateway that keeps what it has read of chains until it is told to forget it. */
function forgetful(): { readonly openGateway: OpenGateway; readonly forget: () => void } {
  let open: () => UsageChains
  let chains: UsageChains
  const forget = () => {
    chains = open()
  }
  return {
    forget,
    openGateway(...given) {
      open = () => createAetherGateway(...given).chains
      forget()
      return {
        ...createAetherGateway(...given),
        chains: {
          switchSums: (query, signal) => chains.switchSums(query, signal),
          ttlSums: (query, signal) => chains.ttlSums(query, signal),
          intervals: (query, signal) => chains.intervals(query, signal),
        },
      }
    },
  }
}

/** A service beside a gateway of this generation, whose usage rows are replaced by each `write`. */
export async function startChainService(
  folder: Folder,
  now?: () => number,
): Promise<{
  readonly service: TestApp
  /** Forgets what the service has kept of rows that were replaced. */
  readonly forget: () => void
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
  const { openGateway, forget } = forgetful()
  const service = await startTestApp({
    databaseUrl,
    redis: 'empty',
    env: { COST_PER_MINUTE: '0' },
    openGateway,
    ...(now && { now }),
  })
  return { service, forget, write: (rows, keys = new Map()) => write(databaseUrl, folder, rows, keys) }
}
