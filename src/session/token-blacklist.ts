import { toCacheError } from '../redis/cache-errors.js'
import type { RedisClient } from '../redis/client.js'
import type { MemoryKeyspace } from '../redis/memory-keyspace.js'
import type { TokenBlacklist } from './authenticator.js'

export const jwtBlacklistKey = (tokenSha256Hex: string): string => `jwt:blacklist:${tokenSha256Hex}`

/** The value of the keys that we write: the gateway writes a reason, too, and reads none. */
const REASON = 'logout'

/**
 * The tokens that the gateway or this service has revoked. A token is revoked if its key exists, whatever the value.
 * @param keyPrefix what stands before every key of the gateway
 */
export const createRedisTokenBlacklist = (client: RedisClient, keyPrefix = ''): TokenBlacklist => ({
  async isRevoked(tokenSha256Hex) {
    try {
      return (await client.exists(keyPrefix + jwtBlacklistKey(tokenSha256Hex))) > 0
    } catch (error) {
      throw toCacheError(error)
    }
  },
  async revoke(tokenSha256Hex, seconds) {
    try {
      await client.set(keyPrefix + jwtBlacklistKey(tokenSha256Hex), REASON, 'EX', seconds)
    } catch (error) {
      throw toCacheError(error)
    }
  },
})

export const createMemoryTokenBlacklist = (keyspace: MemoryKeyspace): TokenBlacklist => ({
  isRevoked: async (tokenSha256Hex) => keyspace.type(jwtBlacklistKey(tokenSha256Hex)) !== 'none',
  async revoke(tokenSha256Hex, seconds) {
    keyspace.set(jwtBlacklistKey(tokenSha256Hex), REASON, seconds)
  },
})
