import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import {
  isTokenName,
  type StaticToken,
  type StaticTokenRole,
  TOKEN_NAME_RULE,
} from '../config/admin-tokens.js'
import { InvalidInputError } from '../errors.js'

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest()

/**
 * Finds the token that was presented. Every entry is compared, in constant time, whether or not one has matched:
 * neither a near miss nor an entry's place in the list shows in how long it takes.
 */
export function createStaticTokenMatcher(
  tokens: readonly StaticToken[],
): (presented: string) => StaticToken | undefined {
  const entries = tokens.map((token) => ({ token, digest: Buffer.from(token.sha256, 'hex') }))
  return (presented) => {
    const digest = sha256(presented)
    let match: StaticToken | undefined
    for (const entry of entries) {
      if (timingSafeEqual(entry.digest, digest)) match = entry.token
    }
    return match
  }
}

export interface NewStaticToken {
  readonly token: string
  /** What a service knows of it. */
  readonly known: StaticToken
  readonly entry: string
}

/** Marks the text as one of ours, so that secret scanners can find it. */
const TOKEN_PREFIX = 'aql_'

/**
 * A new token of 32 random bytes and its entry for `ADMIN_TOKENS`. The token is shown once; only the entry is stored.
 * @throws InvalidInputError where the name could not be read back from an entry.
 */
export function newStaticToken(name: string, role: StaticTokenRole): NewStaticToken {
  if (!isTokenName(name)) throw new InvalidInputError(`A name is ${TOKEN_NAME_RULE}.`, 'name')
  const token = TOKEN_PREFIX + randomBytes(32).toString('base64url')
  const known = { name, role, sha256: sha256(token).toString('hex') }
  return { token, known, entry: `${name}:${role}:${known.sha256}` }
}
