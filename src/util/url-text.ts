/** Finds mistakes in URLs that an operator does not see, and that would send a password to the wrong place. */

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
