import { createLru } from '../util/lru.js'

const HIDDEN = '********'
const SHOWN_FIRST = 8
const SHOWN_LAST = 4
const SHOWN_OF_SHORT = 2

/**
 * Masks a key, and shows no more than half of it. `sk-jhiId********AABB`: of a key of 24 characters or more it shows the
 * first 8 and the last 4; of a shorter one about two thirds of that half from the beginning and one third from the end; of a
 * key of 12 characters or fewer the first 2. Characters are code points, as in the gateway's Python.
 */
export function maskKey(plain: string): string {
  const characters = Array.from(plain)
  const half = Math.floor(characters.length / 2)
  if (characters.length <= SHOWN_FIRST + SHOWN_LAST) {
    return characters.slice(0, Math.min(SHOWN_OF_SHORT, half)).join('') + HIDDEN
  }
  const last = Math.min(SHOWN_LAST, Math.floor(half / 3))
  const first = Math.min(SHOWN_FIRST, half - last)
  return characters.slice(0, first).join('') + HIDDEN + characters.slice(-last).join('')
}

/** Plain text of a stored secret, or undefined for whatever cannot be decrypted. Never throws. */
export type Decrypter = (stored: string | null) => string | undefined

/** Longer ciphertexts are not the gateway's; remembering them would let one row hold megabytes. */
const LONGEST_REMEMBERED = 2048

/** The masked form of a stored secret, or null for whatever cannot be decrypted. Never throws. */
export type KeyMasker = (stored: string | null) => string | null

/** Remembers up to `maxEntries` masked forms by ciphertext; the plain key is never kept. */
export function createKeyMasker(
  decrypt: Decrypter,
  { maxEntries }: { readonly maxEntries: number },
): KeyMasker {
  const known = createLru<string, { readonly masked: string | null }>(maxEntries)
  return (stored) => {
    if (stored === null) return null
    const remembered = known.get(stored)
    if (remembered) return remembered.masked
    const plain = decrypt(stored)
    const masked = plain === undefined ? null : maskKey(plain)
    if (stored.length <= LONGEST_REMEMBERED) known.set(stored, { masked })
    return masked
  }
}
