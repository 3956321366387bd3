import { type Config, loadConfig } from '../../src/config/load-config.js'
import type { ModeConfig } from '../../src/config/mode.js'
import { ConfigurationError } from '../../src/errors.js'

export const GATEWAY = {
  DATABASE_URL: 'postgresql://gateway:secret@db.example/gateway',
  REDIS_URL: 'redis://cache.example:6379',
  ENCRYPTION_KEY: 'a key',
  JWT_SECRET_KEY: 'another key',
}

export type Env = Readonly<Record<string, string>>

/** Why the configuration is refused; empty where it is not. Any other error than ConfigurationError fails the test. */
export function problemsOf(env: Env): readonly string[] {
  try {
    loadConfig(env)
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems
    throw error
  }
  return []
}

/** How Redis is reached with these variables beside a gateway's others. */
export function redisOf(env: Env): Extract<ModeConfig, { kind: 'gateway' }>['redis'] {
  const { REDIS_URL: _, ...rest } = GATEWAY
  const { mode }: Config = loadConfig({ ...rest, ...env })
  if (mode.kind !== 'gateway') throw new Error('The embedded demo has no Redis.')
  return mode.redis
}

/** Why it is refused. */
export function redisProblemsOf(env: Env): readonly string[] {
  const { REDIS_URL: _, ...rest } = GATEWAY
  return problemsOf({ ...rest, ...env })
}
