import { hash } from '@node-rs/bcrypt'
import type { Generation } from '../gateway/gateway.js'
import type { RunQuery } from '../gateway/table-reader.js'
import { MemoryKeyspace } from '../redis/memory-keyspace.js'
import { createDemoGateway } from './demo-gateway.js'
import { DEMO_ADMIN } from './people.js'
import { seedDemo } from './rows.js'
import { createServedTraffic } from './served-traffic.js'
import { listenStandIn } from './stand-in/stand-in-server.js'
import { startDemoTraffic } from './traffic.js'
import { seedDemoUsage } from './usage.js'

export { demoSecretsIn } from './demo-secrets.js'
export { demoLines } from './generations.js'
export { createDemoTables } from './tables.js'
export { createDemoUsageTables } from './usage.js'

/** Published password of the demo; the embedded mode is refused in production. One word, so that a double click selects it. */
export const DEMO_PASSWORD = 'affinityqldemo'
/** Published key that encrypts only the demo's invented keys. */
export const DEMO_ENCRYPTION_KEY = 'affinityql-demo'
/** Low cost, since the password is public and the demo should start at once. */
const BCRYPT_COST = 6
const STEP_MS = 500

export interface Demo {
  /** The cache that the service must use: the demo's gateway writes to it. */
  readonly keyspace: MemoryKeyspace
  /** The demo's gateway, as GATEWAY_URLS and GATEWAY_TOKEN would name it. */
  readonly node: { readonly url: string; readonly token: string }
  readonly email: string
  readonly password: string
  /** Inserts the demo's rows into the embedded database, and starts simulated traffic. */
  start(query: RunQuery): Promise<void>
  /** Ends the traffic. The gateway still answers, since clears may run. */
  stop(): void
  close(): Promise<void>
}

export interface DemoOptions {
  /** The kind of gateway that is played. */
  readonly generation: Generation
  /** Called with the error of traffic that failed; the traffic goes on. */
  readonly onError: (error: unknown) => void
}

/** Starts the demo's gateway, which has no traffic yet. */
export async function openDemo({ generation, onError }: DemoOptions): Promise<Demo> {
  const keyspace = new MemoryKeyspace()
  const [now, random] = [Date.now, Math.random]
  const gateway = createDemoGateway({ generation, keyspace, now, random })
  const server = await listenStandIn(gateway.standIn)
  const served = createServedTraffic({ generation, gateway, keyspace, now, random })
  const stops: (() => void)[] = []
  return {
    keyspace,
    node: { url: server.url, token: gateway.token },
    email: DEMO_ADMIN.email,
    password: DEMO_PASSWORD,
    async start(query) {
      const passwordHash = await hash(DEMO_PASSWORD, BCRYPT_COST)
      await seedDemo(query, { encryptionKey: DEMO_ENCRYPTION_KEY, passwordHash, generation })
      await seedDemoUsage(query, generation, now())
      if (generation === 'ENDPOINT_KEYS') {
        const traffic = startDemoTraffic({ keyspace, onError })
        stops.push(() => traffic.stop())
      }
      await served.begin()
      const timer = setInterval(() => void served.step().catch(onError), STEP_MS).unref()
      stops.push(() => clearInterval(timer))
    },
    stop: () => {
      for (const stop of stops) stop()
    },
    close: () => server.close(),
  }
}
