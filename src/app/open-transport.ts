import type { Logger } from 'pino'
import type { Config } from '../config/load-config.js'
import { createCutLog } from '../log/cut-log.js'
import { type BodyBudget, createBodyBudget } from '../server/http/body-budget.js'
import { TRUST_NOBODY, trustProxies } from '../server/http/client-address.js'
import type { Transport } from '../server/http/http-server.js'
import { type CutReason, TRANSPORT_LIMITS, type TransportLimits } from '../server/http/transport-limits.js'
import type { Metrics } from '../server/observe/metrics.js'
import { ADMISSION, type Admission, createAdmission } from '../util/admission.js'

export interface TransportDeps {
  readonly config: Pick<Config, 'limits' | 'trustedProxies'>
  /** Limits that differ from `TRANSPORT_LIMITS` and from the configuration. */
  readonly changed: Partial<TransportLimits> | undefined
  readonly metrics: Pick<Metrics, 'clientCut'>
  readonly logger: Logger
}

/** Puts together what connections may take, the memory for bodies while they arrive, and the places of operations. */
export function openTransport({ config, changed, metrics, logger }: TransportDeps): {
  readonly transport: Transport
  readonly bodies: BodyBudget
  readonly admission: Admission
  /** Called for each operation that is refused because too many are in flight. */
  readonly onOverload: () => void
} {
  const { connections, connectionsPerNetwork } = config.limits
  const limits = { ...TRANSPORT_LIMITS, connections, connectionsPerNetwork, ...changed }
  const logCut = createCutLog(logger)
  const onCut = (reason: CutReason) => {
    metrics.clientCut(reason)
    logCut(reason)
  }
  return {
    transport: {
      limits,
      trustProxy: config.trustedProxies === undefined ? TRUST_NOBODY : trustProxies(config.trustedProxies),
      onCut,
    },
    bodies: createBodyBudget(limits, () => onCut('unfinished_bodies')),
    admission: createAdmission({ ...ADMISSION, inFlight: config.limits.operations }),
    onOverload: () => onCut('operations'),
  }
}
