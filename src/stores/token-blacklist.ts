import type { TokenBlacklist } from '../security/authenticator.js'
import { toCacheError } from './cache-errors.js'
import { jwtBlacklistKey } from './keys.js'
import type { MemoryKeyspace } from './memory-keyspace.js'
import type { RedisClient } from './redis-nodes.js'

/** Tokens that the gateway has revoked: the presence of the key is enough. */
export const createRedisTokenBlacklist = (client: RedisClient): TokenBlacklist => ({
  async isRevoked(tokenSha256Hex) {
    try {
      return (await client.exists(jwtBlacklistKey(tokenSha256Hex))) > 0
    } catch (error) {
      throw toCacheError(error)
    }
  },
})

export const createMemoryTokenBlacklist = (keyspace: MemoryKeyspace): TokenBlacklist => ({
  isRevoked: async (tokenSha256Hex) => keyspace.type(jwtBlacklistKey(tokenSha256Hex)) !== 'none',
})
