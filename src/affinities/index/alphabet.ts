const ASCII = 128

/**
 * The characters that some texts were made of, without regard to case. Most of what is searched for is no part of any
 * id, and mostly one letter tells: ids are hexadecimal, names are not.
 */
export class Alphabet {
  readonly #letters = new Uint8Array(ASCII)
  #hasCapitals = false
  #hasOthers = false

  /** Texts are never taken out again: it may say that a text can be spelt when it cannot, never the opposite. */
  take(text: string): void {
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code >= ASCII) this.#hasOthers = true
      else if (code >= 65 && code <= 90) {
        this.#hasCapitals = true
        this.#letters[code + 32] = 1
      } else this.#letters[code] = 1
    }
  }

  /** Whether every text is its own `foldedText`. */
  get isFolded(): boolean {
    return !this.#hasCapitals && !this.#hasOthers
  }

  /** Whether these texts have every character of a text that is folded. */
  canSpell(folded: string): boolean {
    if (this.#hasOthers) return true
    for (let at = 0; at < folded.length; at++) if (this.#letters[folded.charCodeAt(at)] !== 1) return false
    return true
  }
}
