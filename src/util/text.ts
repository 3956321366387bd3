import { createHash } from 'node:crypto'

const EXACT_LENGTH = 512
/** Characters of a SHA-256 in base64url. */
const DIGEST_LENGTH = 43

/** No text that `sortText` gives is longer. */
export const MAX_SORT_TEXT_LENGTH = EXACT_LENGTH + DIGEST_LENGTH

/** Whether a text is sorted by something else than itself. */
export const isSortedByDigest = (text: string): boolean => text.length > EXACT_LENGTH

/**
 * Lists sort a text by this, by UTF-16 code unit: the text itself, or the beginning of a long one and a digest of the
 * whole. A client of the gateway chooses names of any length, up to the 512 MB of a Redis key. A cursor holds what its
 * record is sorted by, so that it stays short and is still the exact place when the record has gone.
 */
export const sortText = (text: string): string =>
  isSortedByDigest(text)
    ? // UTF-16 is exact for every string; in UTF-8 all lone surrogates would be one.
      text.slice(0, EXACT_LENGTH) + createHash('sha256').update(text, 'utf16le').digest('base64url')
    : text

/** Whether `sortText` can have given this; a cursor that holds anything else was forged. */
export const isSortText = (text: unknown): text is string =>
  typeof text === 'string' && text.length <= MAX_SORT_TEXT_LENGTH

/** A text as it is compared without regard to case. Σ in small letters is ς at the end of a word, and a part of a name may end where the name goes on. */
export const foldedText = (text: string): string => text.toLowerCase().replaceAll('ς', 'σ')

/** Does a name contain this text, whatever the case of either? */
export function containing(text: string): (name: string) => boolean {
  const wanted = foldedText(text)
  // It is asked of each of 100,000 API keys: what sigma looks like matters only where one is wanted.
  if (!wanted.includes('σ')) return (name) => name.toLowerCase().includes(wanted)
  return (name) => foldedText(name).includes(wanted)
}

/** The value that a text is the JSON of; undefined, which JSON has no word for, where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The error quotes the text, which may hold a secret.
    return undefined
  }
}
