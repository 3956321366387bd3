/** Parses URLs, and finds mistakes in them that would send a password to the wrong place. */

/** Returns false if an unencoded `/`, `?` or `#` in a password ends the address too early: a part would count as host. */
export function isWholeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { username, pathname, search, hash } = new URL(text)
  return !`${pathname}${username ? '' : search}${hash}`.includes('@')
}

/** Decodes percent-encoding; undefined if the text is invalid, as in `100%` or `%FF`. */
export function percentDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    // The only possible error is a URIError, which has no more information.
    return undefined
  }
}

/** The parts of a Redis URL: `redis://user:password@host:port/database`, or `rediss://` for TLS. */
export interface RedisUrl {
  readonly host: string
  readonly port: number
  readonly username: string | undefined
  readonly password: string | undefined
  readonly db: number | undefined
  readonly isTls: boolean
}

/** Query parameters that other Redis clients use for what stands before the question mark here. */
const ELSEWHERE = ['db', 'username', 'password']

/**
 * Parses a Redis URL, or returns what is wrong with it: the end of a sentence, which contains no part of the URL. ioredis
 * must not parse it, because it lets parameters of a URL replace the options of a client.
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
