import { createHash } from 'node:crypto'
import { z } from 'zod'

export const STATIC_TOKEN_ROLES = ['admin', 'viewer'] as const
export type StaticTokenRole = (typeof STATIC_TOKEN_ROLES)[number]

/** A static token from `ADMIN_TOKENS`. The service knows only its SHA-256, never the token. */
export interface StaticToken {
  readonly name: string
  readonly role: StaticTokenRole
  /** 64 lower-case hex digits. */
  readonly sha256: string
}

const NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._@+-]{0,63}$/u
export const TOKEN_NAME_RULE =
  '1 to 64 letters, digits, spaces or any of . _ @ + -, beginning with a letter or digit'
const SHA256_HEX = /^[0-9a-f]{64}$/i
const EMPTY_SHA256 = createHash('sha256').digest('hex')

/** Returns true if the text can be the name of a token in `ADMIN_TOKENS`. */
export const isTokenName = (text: string): boolean => NAME.test(text) && text === text.trim()

const isRole = (text: string): text is StaticTokenRole => STATIC_TOKEN_ROLES.some((role) => role === text)

/** Finds the problems of an entry. They never quote its parts, since a token may have been put in the wrong place. */
function problemsOf(parts: readonly string[], earlier: readonly StaticToken[]): string[] {
  const [name = '', role = '', hash = ''] = parts
  if (parts.length !== 3) return ['must have three parts, name:role:sha256hex']
  const problems: string[] = []
  if (name === '') problems.push('has no name')
  else if (!isTokenName(name)) problems.push(`has a name that cannot be used; a name is ${TOKEN_NAME_RULE}`)
  if (!isRole(role)) problems.push(`has an unknown role; roles are ${STATIC_TOKEN_ROLES.join(' and ')}`)
  if (!SHA256_HEX.test(hash)) problems.push("must end in the token's SHA-256 as 64 hex digits")
  else if (hash.toLowerCase() === EMPTY_SHA256) problems.push('holds the SHA-256 of an empty token')
  if (earlier.some((token) => token.name === name)) problems.push('has the name of an earlier entry')
  if (earlier.some((token) => token.sha256 === hash.toLowerCase())) {
    problems.push('has the token of an earlier entry')
  }
  return problems
}

/** Parses `ADMIN_TOKENS`: entries `name:role:sha256hex`, comma-separated. It reports all problems of all entries at once. */
export const adminTokens = z.string().transform((text, context): StaticToken[] => {
  const tokens: StaticToken[] = []
  text.split(',').forEach((entry, index) => {
    const parts = entry.split(':').map((part) => part.trim())
    const problems = problemsOf(parts, tokens)
    const [name = '', role = '', hash = ''] = parts
    if (problems.length === 0 && isRole(role)) tokens.push({ name, role, sha256: hash.toLowerCase() })
    for (const message of problems) context.addIssue({ code: 'custom', message, path: [index] })
  })
  return tokens
})
