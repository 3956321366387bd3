import { createLru } from '../util/lru.js'

export interface RevocationCache {
  /** Remembers a token that this process has signed or has seen valid. It never overrules `rememberRevoked`. */
  rememberClean(tokenSha256Hex: string, expiresAt: Date): void
  rememberRevoked(tokenSha256Hex: string, expiresAt: Date): void
  /** Returns the state of a token; undefined if it was never seen, was forgotten or has expired. */
  recall(tokenSha256Hex: string): 'clean' | 'revoked' | undefined
}

export interface RevocationCacheOptions {
  readonly maxEntries: number
  /** Unix milliseconds. */
  readonly now: () => number
}

/**
 * Caches the blacklist's answers for tokens, for times when the cache is away. It holds only hashes, until the token expires.
 * A revocation is final: an older answer of the blacklist that arrives later must not undo it.
 */
export function createRevocationCache({ maxEntries, now }: RevocationCacheOptions): RevocationCache {
  const seen = createLru<string, { readonly state: 'clean' | 'revoked'; readonly expiresAt: number }>(
    maxEntries,
  )
  return {
    rememberClean(hash, expiresAt) {
      if (seen.get(hash)?.state === 'revoked') return
      seen.set(hash, { state: 'clean', expiresAt: expiresAt.getTime() })
    },
    rememberRevoked(hash, expiresAt) {
      seen.set(hash, { state: 'revoked', expiresAt: expiresAt.getTime() })
    },
    recall(hash) {
      const entry = seen.get(hash)
      return entry && entry.expiresAt > now() ? entry.state : undefined
    },
  }
}
