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
