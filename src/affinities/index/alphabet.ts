const ASCII = 128

/**
 * The set of characters that occur in the values of a dimension, without regard to case. It ends most searches for a name
 * among ids at once: ids are hexadecimal, and most names contain another letter.
 */
export class Alphabet {
  readonly #letters = new Uint8Array(ASCII)
  #hasCapitals = false
  #hasOthers = false

  /** Adds the characters of a text. Nothing is ever removed, so `canSpell` may be wrong when it returns true, but never when it returns false. */
  add(text: string): void {
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code >= ASCII) this.#hasOthers = true
      else if (code >= 65 && code <= 90) {
        this.#hasCapitals = true
        this.#letters[code + 32] = 1
      } else this.#letters[code] = 1
    }
  }

  /** Whether every added text equals its `foldedText`. */
  get isFolded(): boolean {
    return !this.#hasCapitals && !this.#hasOthers
  }

  /** Checks whether every character of a folded text occurs; if not, no value can contain that text. */
  canSpell(folded: string): boolean {
    if (this.#hasOthers) return true
    for (let at = 0; at < folded.length; at++) if (this.#letters[folded.charCodeAt(at)] !== 1) return false
    return true
  }
}
