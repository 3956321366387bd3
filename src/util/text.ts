import { createHash } from 'node:crypto'

const EXACT_LENGTH = 512
/** Characters of a SHA-256 in base64url. */
const DIGEST_LENGTH = 43

/** The length of the longest text that `sortText` returns. */
export const MAX_SORT_TEXT_LENGTH = EXACT_LENGTH + DIGEST_LENGTH

/** Checks whether a text is so long that it is sorted by its beginning and a digest. */
export const isSortedByDigest = (text: string): boolean => text.length > EXACT_LENGTH

/**
 * Returns the text by which lists sort, in UTF-16 code units: the text itself or, for a long one, its beginning and a digest
 * of the whole. Clients of the gateway choose names of any length, up to the 512 MB of a Redis key. A cursor contains the
 * sort text of its record, so it stays short, and is still an exact place after the record has gone.
 */
export const sortText = (text: string): string =>
  isSortedByDigest(text)
    ? // UTF-16 is exact for every string; in UTF-8 all lone surrogates would become the same character.
      text.slice(0, EXACT_LENGTH) + createHash('sha256').update(text, 'utf16le').digest('base64url')
    : text

/** Checks whether `sortText` can have returned this; a cursor with anything else is forged. */
export const isSortText = (text: unknown): text is string =>
  typeof text === 'string' && text.length <= MAX_SORT_TEXT_LENGTH

/**
 * Folds a text for comparisons without regard to case. The lower case of Σ is ς at the end of a word, but a search text may
 * end in the middle of a word, so both become σ.
 */
export const foldedText = (text: string): string => text.toLowerCase().replaceAll('ς', 'σ')

/** Creates a function that checks whether a name contains this text, without regard to case. */
export function containing(text: string): (name: string) => boolean {
  const wanted = foldedText(text)
  // The check runs for each of 100,000 API keys, so sigma is handled only if the text contains one.
  if (!wanted.includes('σ')) return (name) => name.toLowerCase().includes(wanted)
  return (name) => foldedText(name).includes(wanted)
}

/** Parses JSON; undefined, which no JSON text stands for, if the text is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The error is dropped, because it quotes the text, which may contain a secret.
    return undefined
  }
}

/** Shortens a text to at most so many UTF-16 code units; a shortened one ends in `…`. */
export const shortened = (text: string, atMost: number): string =>
  text.length > atMost ? `${text.slice(0, atMost - 1)}…` : text
