import type { MemoryKeyspace } from '../redis/memory-keyspace.js'
import { pick, type Random } from './ids.js'
import { pinOf } from './routes.js'
import { DEMO_PROVIDER_KEYS, DEMO_PROVIDERS } from './upstreams.js'

/** A session of a pool lasts so many seconds after each use. */
const SESSION_SECONDS = 1_800
const SESSIONS = 12

/** Simulates a pool: each of its client sessions is looked up in Redis, and is chosen a provider key where it has none. */
export function createPoolTraffic(keyspace: MemoryKeyspace, random: Random) {
  const provider = DEMO_PROVIDERS.find(({ name }) => name === 'openrouter')
  const keys = DEMO_PROVIDER_KEYS.filter((key) => pinOf(key).providerId === provider?.id)
  const use = (session: number) => {
    const key = `ap:${provider?.id}:sticky:demo-session-${session}`
    keyspace.set(key, keyspace.get(key) ?? pick(random, keys).id, SESSION_SECONDS)
  }
  return {
    begin: () => {
      for (let session = 0; session < SESSIONS; session += 1) use(session)
    },
    step: () => use(Math.floor(random() * SESSIONS)),
  }
}
