import { randomBytes } from 'node:crypto'
import type { Generation } from '../gateway/gateway.js'
import type { MemoryKeyspace } from '../redis/memory-keyspace.js'
import { formatOf } from './generations.js'
import { pick, type Random } from './ids.js'
import { DEMO_API_KEYS, DEMO_USERS } from './people.js'
import { DEMO_DEMANDS, type DemoDemand } from './routes.js'
import type { StandInApiKey } from './stand-in/admin-routes.js'
import { createStandIn, type StandInGateway } from './stand-in/stand-in.js'
import { memoryStandInStore, type StandInStore } from './stand-in/stand-in-store.js'

/** The gateway of the demo: one node, with the demo's providers, and one management token. */
export interface DemoGateway {
  readonly standIn: StandInGateway
  readonly token: string
  /** Lets the gateway's clock be so many seconds late, so that past traffic can be played. */
  setLate(seconds: number): void
}

export interface DemoGatewayOptions {
  readonly generation: Generation
  readonly keyspace: MemoryKeyspace
  /** Unix milliseconds. */
  readonly now: () => number
  readonly random: Random
}

/** A demand with the names that this generation has for its format and, in a request, for its model. */
export interface NamedDemand extends DemoDemand {
  readonly model: string
}

export const demandsOf = (generation: Generation): readonly NamedDemand[] =>
  DEMO_DEMANDS.map((demand) => ({
    ...demand,
    apiFormat: formatOf(generation, demand.apiFormat),
    // A Rust gateway's records have the name that the client asked for.
    model: generation === 'PROCESS_MEMORY' ? demand.globalModel.name : demand.globalModel.id,
  }))

export function createDemoGateway({ generation, keyspace, now, random }: DemoGatewayOptions): DemoGateway {
  let lateSeconds = 0
  const demands = demandsOf(generation)
  const token = `${generation === 'PROCESS_MEMORY' ? 'ae-' : 'ae_'}demo${randomBytes(16).toString('hex')}`
  const standIn = createStandIn({
    generation,
    store: lateStore(memoryStandInStore(keyspace), () => lateSeconds),
    now: () => now() - lateSeconds * 1_000,
    // One worker, so that its statistics do not run backwards.
    processes: 1,
    targets: [],
    choose({ apiFormat, model }) {
      const demand = demands.find((one) => one.apiFormat === apiFormat && one.model === model)
      if (!demand) throw new RangeError(`The demo serves no ${model} as ${apiFormat}.`)
      return pick(random, demand.routes).pin
    },
    apiKeys: API_KEYS,
    tokens: [{ token, permissions: null }],
  })
  return {
    standIn,
    token,
    setLate(seconds) {
      lateSeconds = seconds
    },
  }
}

/** A record that was written some seconds ago has so much less time to live. The last of past writes is a recent one. */
const lateStore = (store: StandInStore, lateSeconds: () => number): StandInStore => ({
  ...store,
  set: (key, value, ttlSeconds) => store.set(key, value, Math.max(1, ttlSeconds - lateSeconds())),
})

const API_KEYS: readonly StandInApiKey[] = DEMO_API_KEYS.flatMap(({ id, name, userId, isStandalone }) => {
  const user = DEMO_USERS.find((one) => one.id === userId)
  return user ? [{ id, name, userId, username: user.username, email: user.email, isStandalone }] : []
})
