import { toCacheError } from '../redis/cache-errors.js'
import type { RedisClient } from '../redis/client.js'
import type { MemoryKeyspace } from '../redis/memory-keyspace.js'
import type { TokenBlacklist } from './authenticator.js'

export const jwtBlacklistKey = (tokenSha256Hex: string): string => `jwt:blacklist:${tokenSha256Hex}`

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
