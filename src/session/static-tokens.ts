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
 * Creates a function that finds the static token with a given text. It compares every entry in constant time, also after a
 * match, so that the time reveals neither a partial match nor the place of an entry.
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
  /** The token as the service stores it: name, role and hash. */
  readonly known: StaticToken
  readonly entry: string
}

/** Begins each token, so that secret scanners can find it. */
const TOKEN_PREFIX = 'aql_'

/** Makes the text of a token, of 32 random bytes. */
export const newTokenText = (): string => TOKEN_PREFIX + randomBytes(32).toString('base64url')

/** The token with this text, as the service stores it. */
export const knownToken = (name: string, role: StaticTokenRole, token: string): StaticToken => ({
  name,
  role,
  sha256: sha256(token).toString('hex'),
})

/**
 * Creates a token, and its entry for `ADMIN_TOKENS`. The token is shown once; only the entry is stored.
 * @throws InvalidInputError if the name cannot be part of an entry
 */
export function newStaticToken(name: string, role: StaticTokenRole): NewStaticToken {
  if (!isTokenName(name)) throw new InvalidInputError(`A name is ${TOKEN_NAME_RULE}.`, 'name')
  const token = newTokenText()
  const known = knownToken(name, role, token)
  return { token, known, entry: `${name}:${role}:${known.sha256}` }
}
