/** What a URL can hide from the eye of an operator: a mistake that would send a password to the wrong place. */

/** False where `/`, `?` or `#` in a password ends the address too early: its beginning would pass for host and port. */
export function isWholeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { username, pathname, search, hash } = new URL(text)
  return !`${pathname}${username ? '' : search}${hash}`.includes('@')
}

/** The text behind percent-encoding, or undefined where it is no such encoding: `100%`, `%FF`. */
export function percentDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    // The only error of this function is a URIError, which says no more than that.
    return undefined
  }
}

/** What a URL of a Redis says: `redis://user:password@host:port/database`, or `rediss://` for TLS. */
export interface RedisUrl {
  readonly host: string
  readonly port: number
  readonly username: string | undefined
  readonly password: string | undefined
  readonly db: number | undefined
  readonly isTls: boolean
}

/** Parameters by which other clients of Redis are told what stands before the question mark here. */
const ELSEWHERE = ['db', 'username', 'password']

/**
 * Reads a URL of a Redis, or says what is wrong with it: the end of a sentence, without any part of the URL.
 * It is not left to ioredis, which lets parameters of a URL replace the options of a client.
 */
export function parseRedisUrl(text: string): RedisUrl | { readonly problem: string } {
  if (!/^rediss?:\/\//.test(text) || !isWholeUrl(text) || new URL(text).hostname === '') {
    return { problem: 'must begin with redis:// or rediss:// and be a valid URL' }
  }
  const url = new URL(text)
  const [username, password] = [percentDecoded(url.username), percentDecoded(url.password)]
  if (username === undefined || password === undefined) {
    return { problem: 'has a % in its user or password that begins no encoded character: % itself is %25' }
  }
  const [, database] = /^\/?(\d{0,9})$/.exec(url.pathname) ?? []
  if (database === undefined) return { problem: 'must name its database by a number, as in /2' }
  if (ELSEWHERE.some((name) => url.searchParams.has(name))) {
    return { problem: 'must name user, password and database before any question mark' }
  }
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 6379 : Number(url.port),
    username: username || undefined,
    password: password || undefined,
    db: database === '' ? undefined : Number(database),
    isTls: url.protocol === 'rediss:',
  }
}
