import { InvalidInputError } from '../errors.js'
import type { GatewayStore } from '../gateway/gateway-store.js'
import type { ApiKeyRow, UserRow } from '../gateway/rows.js'

/** Longest search or identifier, in characters: an email address has at most 255. */
const MAX_LENGTH = 255

export interface Resolved {
  readonly user: UserRow | null
  /** Set if the text was the id of an API key. */
  readonly apiKey: ApiKeyRow | null
}

/**
 * Trims a search or identifier.
 * @throws InvalidInputError if the text is blank, longer than 255 characters, or contains a NUL character
 */
export function readSearchText(text: string, field: string): string {
  const trimmed = text.trim()
  if (trimmed === '') throw new InvalidInputError(`${field} must not be blank.`, field)
  if ([...trimmed].length > MAX_LENGTH) {
    throw new InvalidInputError(`${field} must be at most ${MAX_LENGTH} characters long.`, field)
  }
  if (trimmed.includes('\0')) throw new InvalidInputError(`${field} must not contain a NUL character.`, field)
  return trimmed
}

/** Finds the user or API key that the text names exactly. It tries API key id, user id, username and email, in this order. */
export async function resolveIdentifier(gateway: GatewayStore, text: string): Promise<Resolved | null> {
  const [[owned], users] = await Promise.all([gateway.apiKeysWithOwners([text]), gateway.usersNamed(text)])
  if (owned) return { apiKey: owned.apiKey, user: owned.owner }
  const user =
    users.find(({ id }) => id === text) ??
    users.find(({ username }) => username === text) ??
    users.find(({ email }) => email === text)
  return user ? { apiKey: null, user } : null
}
