import { InvalidInputError } from '../errors.js'
import type { GatewayStore } from '../gateway/gateway-store.js'
import type { ApiKeyRow, UserRow } from '../gateway/rows.js'

/** Longest search or identifier, in characters: an email address has at most 255. */
const MAX_LENGTH = 255

export interface Resolved {
  readonly user: UserRow | null
  /** Present where the text was an API key id. */
  readonly apiKey: ApiKeyRow | null
}

/** @throws InvalidInputError where nothing but blanks is left, or the text is longer than 255 characters */
export function readSearchText(text: string, field: string): string {
  const trimmed = text.trim()
  if (trimmed === '') throw new InvalidInputError(`${field} must not be blank.`, field)
  if ([...trimmed].length > MAX_LENGTH) {
    throw new InvalidInputError(`${field} must be at most ${MAX_LENGTH} characters long.`, field)
  }
  if (trimmed.includes('\0')) throw new InvalidInputError(`${field} must not contain a NUL character.`, field)
  return trimmed
}

/** Exact matches only, in this order: API key id, user id, username, email. */
export async function resolveIdentifier(gateway: GatewayStore, text: string): Promise<Resolved | null> {
  const [[owned], users] = await Promise.all([gateway.apiKeysWithOwners([text]), gateway.usersNamed(text)])
  if (owned) return { apiKey: owned.apiKey, user: owned.owner }
  const user =
    users.find(({ id }) => id === text) ??
    users.find(({ username }) => username === text) ??
    users.find(({ email }) => email === text)
  return user ? { apiKey: null, user } : null
}
