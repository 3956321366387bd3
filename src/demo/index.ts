import { hash } from '@node-rs/bcrypt'
import type { RunQuery } from '../gateway/table-reader.js'
import type { MemoryKeyspace } from '../redis/memory-keyspace.js'
import { DEMO_ADMIN } from './people.js'
import { seedDemo } from './rows.js'
import { startDemoTraffic } from './traffic.js'

/** Published password of the demo; the embedded mode is refused in production. One word, so that a double click selects it. */
export const DEMO_PASSWORD = 'affinityqldemo'
/** Published key that encrypts only the demo's invented keys. */
export const DEMO_ENCRYPTION_KEY = 'affinityql-demo'
/** Low cost, since the password is public and the demo should start at once. */
const BCRYPT_COST = 6

export interface Demo {
  readonly email: string
  readonly password: string
  stop(): void
}

/** Inserts the demo's rows into the embedded database, and starts simulated traffic on the embedded cache. */
export async function startDemo(
  query: RunQuery,
  keyspace: MemoryKeyspace,
  onError: (error: unknown) => void,
): Promise<Demo> {
  await seedDemo(query, {
    encryptionKey: DEMO_ENCRYPTION_KEY,
    passwordHash: await hash(DEMO_PASSWORD, BCRYPT_COST),
  })
  const traffic = startDemoTraffic({ keyspace, onError })
  return { email: DEMO_ADMIN.email, password: DEMO_PASSWORD, stop: () => traffic.stop() }
}
