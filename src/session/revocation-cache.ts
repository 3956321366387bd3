import { createLru } from '../util/lru.js'

export interface TokenMemory {
  /** A token this process has signed, or has seen to be valid and not revoked. Never overrules `rememberRevoked`. */
  rememberClean(tokenSha256Hex: string, expiresAt: Date): void
  rememberRevoked(tokenSha256Hex: string, expiresAt: Date): void
  /** Undefined for a token never seen, forgotten or expired. */
  recall(tokenSha256Hex: string): 'clean' | 'revoked' | undefined
}

export interface TokenMemoryOptions {
  readonly maxEntries: number
  /** Unix milliseconds. */
  readonly now: () => number
}

/**
 * What the blacklist has said of tokens, for while it cannot be asked. Hashes only, until the token expires.
 * A revocation stays: an answer that left the blacklist before it, and arrives after it, must not undo it.
 */
export function createTokenMemory({ maxEntries, now }: TokenMemoryOptions): TokenMemory {
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
