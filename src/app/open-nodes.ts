import type { Logger } from 'pino'
import type { AffinitySource } from '../affinities/affinity-source.js'
import { writtenSince } from '../affinities/clear/written-since.js'
import type { Config } from '../config/load-config.js'
import { createAetherNodes } from '../gateway/aether/nodes/aether-nodes.js'
import type { Gateway } from '../gateway/gateway.js'
import type { GatewayNodes, Generation } from '../gateway/nodes/gateway-nodes.js'
import { createNodeToken } from '../gateway/nodes/node-token.js'
import { createAccessTokens } from '../session/jwt.js'
import { createGatewayPoller, type GatewayPoller } from '../statistics/gateway-poller.js'
import { logNode, logPoll, warnOfPlainHttp } from './log-lines.js'

/** Lifetime of a token by which the service calls the gateway for the administrator who clears, in seconds. */
const CALL_TTL_SECONDS = 60
/** Milliseconds between two polls of a node's statistics: a token may make 30 calls a minute, and clears need them. */
const POLL_EVERY_MS = 60_000
/** The same for a node that is down or was restarted: its counters are wanted again, and nobody clears there meanwhile. */
const POLL_DOWN_EVERY_MS = 10_000

export interface Nodes {
  /** Undefined: GATEWAY_URLS names none. The same holds for `poller`. */
  readonly nodes: GatewayNodes | undefined
  readonly poller: GatewayPoller | undefined
  /** Looks at the nodes and polls them, now and then at intervals. */
  start(): void
  stop(): void
}

export interface NodesDeps {
  readonly config: Pick<Config, 'gateways' | 'clearAtOnce'>
  readonly gateway: Gateway
  readonly generation: () => Generation
  readonly affinities: AffinitySource
  readonly jwtSecretKey: string
  readonly logger: Logger
  /** Unix milliseconds. */
  readonly now: () => number
}

/** Opens the gateway's nodes, which clears call, and the poller of their statistics. Neither calls a node yet. */
export function openNodes({
  config,
  gateway,
  generation,
  affinities,
  logger,
  now,
  ...deps
}: NodesDeps): Nodes {
  const { gateways, clearAtOnce } = config
  const token = createNodeToken({ token: gateways?.token, file: gateways?.tokenFile })
  const calling = createAccessTokens(deps.jwtSecretKey, { ttlSeconds: CALL_TTL_SECONDS, now })
  const nodes =
    gateways &&
    createAetherNodes({
      urls: gateways.urls,
      token,
      generation,
      signFor: async (id) => (await calling.sign({ id })).token,
      clearsAtOnce: clearAtOnce,
      written: (since) => writtenSince(affinities.reader(), since, gateway.figures.affinityTtlSeconds),
      now,
      onChange: (state) => logNode(state, logger),
    })
  warnOfPlainHttp(config, logger)
  const poller =
    nodes &&
    createGatewayPoller({
      urls: nodes.urls,
      token: token.read,
      mayPoll: nodes.takeCall,
      intervalMs: POLL_EVERY_MS,
      downIntervalMs: POLL_DOWN_EVERY_MS,
      onChange: (state) => logPoll(state, logger),
    })
  return {
    nodes,
    poller,
    start() {
      poller?.start()
      nodes?.start()
    },
    stop() {
      poller?.stop()
      nodes?.stop()
    },
  }
}
