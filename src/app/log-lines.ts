import type { Logger } from 'pino'
import type { Config } from '../config/load-config.js'
import type { AdminDirectory, Gateway, GatewayTraits } from '../gateway/gateway.js'
import type { NodeState } from '../gateway/nodes/gateway-nodes.js'
import type { GatewayState } from '../statistics/gateway-poller.js'

/** Says what the gateway's tables tell of it, as one line of the log shows it. */
export const traitsForLog = ({ generation, missing }: GatewayTraits) => ({
  generation,
  missing: missing.map(({ field, needs }) => `${field} needs ${needs}`),
})

/** Logs whether a gateway tells its statistics. */
export function logPoll({ url, isUp, problem }: GatewayState, logger: Logger): void {
  if (isUp) logger.info({ gateway: url }, 'gateway tells its statistics')
  else logger.warn({ gateway: url, problem }, 'gateway left out of the statistics')
}

/** Logs what a node of the gateway may be asked. */
export function logNode({ url, error, ...may }: NodeState, logger: Logger): void {
  const { reachable, canRead, canClear, canClearAtOnce, alternates } = may
  const facts = { node: url, reachable, canRead, canClear, canClearAtOnce, alternates }
  if (error === null) logger.info(facts, 'what this node of the gateway may be asked')
  else logger.warn({ ...facts, problem: error }, 'this node of the gateway cannot do all that clears need')
}

/** Warns of nodes without TLS: everybody on the way can read a token that is sent over plain HTTP. */
export function warnOfPlainHttp({ gateways }: Pick<Config, 'gateways'>, logger: Logger): void {
  for (const url of gateways?.urls ?? []) {
    const { protocol, hostname } = new URL(url)
    if (protocol === 'http:' && !isLoopback(hostname)) {
      logger.warn({ node: url }, 'the token for this node of the gateway is sent without TLS')
    }
  }
}

const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127\./.test(hostname)

/** Warns of tables that tokens need and that cannot be read. Refused tokens are all that anybody would see of it. */
export async function warnOfUnreadable(directory: AdminDirectory, logger: Logger): Promise<void> {
  // While the database is away, other lines tell of that.
  const tables = await directory.unreadable().catch(() => [])
  if (tables.length === 0) return
  logger.warn({ tables }, 'tokens of the gateway are refused: the tables that tell of them cannot be read')
}

/** Warns of a wrong ENCRYPTION_KEY. Masked keys that are null are all that anybody would see of it. */
export async function warnOfWrongKey(gateway: Gateway, logger: Logger): Promise<void> {
  // While the database is away there is nothing to try, and other lines tell of that.
  const { tried, readable } = await gateway.tryStoredKeys().catch(() => ({ tried: 0, readable: 0 }))
  if (tried === 0 || readable > 0) return
  logger.warn(
    { tried },
    'no stored key can be decrypted, so masked keys are null: is ENCRYPTION_KEY the gateway’s? npx affinityql doctor checks it',
  )
}
