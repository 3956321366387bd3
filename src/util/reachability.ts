/** What a person may be told of a store that does not answer: where it was looked for, and why, without a secret. */

export interface Address {
  readonly host: string
  readonly port: number
}

export const hostAndPort = ({ host, port }: Address): string =>
  `${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'its host name is not known',
  EAI_AGAIN: 'its host name cannot be looked up just now',
  ETIMEDOUT: 'no answer in time',
  '28P01': 'wrong password, or unknown user',
  '28000': 'this user may not connect',
  '3D000': 'there is no such database',
  WRONGPASS: 'wrong password, or unknown user',
  NOAUTH: 'it asks for a password',
}

/**
 * A driver's own words may hold the address and the user, so its code is told alone; of an error that has a cause, the
 * cause's. Undefined where it has none.
 */
export function reasonOf(error: unknown): string | undefined {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (!(cause instanceof Error)) return undefined
  const code: unknown = Reflect.get(cause, 'code')
  if (typeof code === 'string') return REASONS[code] ?? code
  const word = /^(NOAUTH|WRONGPASS|NOPERM|LOADING)\b/.exec(cause.message)?.[0]
  return word && (REASONS[word] ?? word)
}

/** The operating system's codes for a server that cannot be reached, or a connection to one that broke. */
export const UNREACHABLE_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENETDOWN',
])
