/** Describes, without a secret, the address of a store that does not answer, and the reason. */

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
 * Describes the reason of a driver's error, or of its cause if it has one, by its code. The driver's own message may contain
 * the address and the user. Undefined if there is no code.
 */
export function reasonOf(error: unknown): string | undefined {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (!(cause instanceof Error)) return undefined
  const code: unknown = Reflect.get(cause, 'code')
  if (typeof code === 'string') return REASONS[code] ?? code
  const word = /^(NOAUTH|WRONGPASS|NOPERM|LOADING)\b/.exec(cause.message)?.[0]
  return word && (REASONS[word] ?? word)
}

/** The operating system's error codes for a server that cannot be reached, or for a broken connection. */
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
