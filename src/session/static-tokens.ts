import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { InvalidInputError } from '../errors.js'

export const STATIC_TOKEN_ROLES = ['admin', 'viewer'] as const
export type StaticTokenRole = (typeof STATIC_TOKEN_ROLES)[number]

/** A token an operator has set. The service knows its SHA-256 only. */
export interface StaticToken {
  readonly name: string
  readonly role: StaticTokenRole
  /** 64 lower-case hex digits. */
  readonly sha256: string
}

const NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._@+-]{0,63}$/u
const NAME_RULE = '1 to 64 letters, digits, spaces or any of . _ @ + -, beginning with a letter or digit'
const SHA256_HEX = /^[0-9a-f]{64}$/i

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest()
const EMPTY_SHA256 = sha256('').toString('hex')

const isRole = (text: string): text is StaticTokenRole => STATIC_TOKEN_ROLES.some((role) => role === text)

/** Sentences say which entry by number: its parts may be a hash, or the token itself, in the wrong place. */
function problemsOf(parts: readonly string[], earlier: readonly StaticToken[]): string[] {
  const [name = '', role = '', hash = ''] = parts
  if (parts.length !== 3) return ['must have three parts, name:role:sha256hex.']
  const problems: string[] = []
  if (name === '') problems.push('has no name.')
  else if (!NAME.test(name)) problems.push(`has a name that cannot be used; a name is ${NAME_RULE}.`)
  if (!isRole(role)) problems.push(`has an unknown role; roles are ${STATIC_TOKEN_ROLES.join(' and ')}.`)
  if (!SHA256_HEX.test(hash)) problems.push("must end in the token's SHA-256 as 64 hex digits.")
  else if (hash.toLowerCase() === EMPTY_SHA256) problems.push('holds the SHA-256 of an empty token.')
  if (earlier.some((token) => token.name === name)) problems.push('has the name of an earlier entry.')
  if (earlier.some((token) => token.sha256 === hash.toLowerCase())) {
    problems.push('has the token of an earlier entry.')
  }
  return problems
}

export interface ParsedAdminTokens {
  readonly tokens: readonly StaticToken[]
  /** Complete sentences for an operator; they hold no part of any entry. */
  readonly problems: readonly string[]
}

/**
 * Reads `ADMIN_TOKENS`: `name:role:sha256hex`, separated by commas; role `admin` or `viewer`.
 * All problems are reported at once; an entry with a problem gives no token. Empty entries are skipped.
 */
export function parseAdminTokens(text: string): ParsedAdminTokens {
  const tokens: StaticToken[] = []
  const problems: string[] = []
  text.split(',').forEach((entry, index) => {
    if (entry.trim() === '') return
    const parts = entry.split(':').map((part) => part.trim())
    const found = problemsOf(parts, tokens)
    const [name = '', role = '', hash = ''] = parts
    if (found.length === 0 && isRole(role)) tokens.push({ name, role, sha256: hash.toLowerCase() })
    problems.push(...found.map((problem) => `Entry ${index + 1} of ADMIN_TOKENS ${problem}`))
  })
  return { tokens, problems }
}

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

/** Marks the text as one of ours, so that secret scanners can find it. */
const TOKEN_PREFIX = 'aql_'

/**
 * A new token of 32 random bytes and its entry for `ADMIN_TOKENS`. The token is shown once; only the entry is stored.
 * @throws InvalidInputError where the name could not be read back from an entry.
 */
export function newStaticToken(name: string, role: StaticTokenRole): { token: string; entry: string } {
  if (!NAME.test(name) || name !== name.trim()) throw new InvalidInputError(`A name is ${NAME_RULE}.`, 'name')
  const token = TOKEN_PREFIX + randomBytes(32).toString('base64url')
  return { token, entry: `${name}:${role}:${sha256(token).toString('hex')}` }
}
