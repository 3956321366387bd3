import { ObjectColumn } from './columns.js'
import { hashOf, IdTable } from './id-table.js'

/**
 * Copies a text. In V8 a substring keeps its whole parent alive: an id cut from a key, or a key cut from a reply, would
 * use many times its own size. JSON is exact for every string, also with lone surrogates.
 */
const standaloneCopy = (text: string): string => JSON.parse(JSON.stringify(text)) as string

/** Up to so many texts, most are found by their last characters, without a hash of the whole text. */
const FEW = 256
/** A prime, so that digits and letters of ids spread over all places. */
const RECENT_PLACES = 251

/** Returns a place by the last three characters. */
const recentPlace = (text: string): number => {
  const { length } = text
  if (length < 3) return 0
  const last = text.charCodeAt(length - 1) * 37 + text.charCodeAt(length - 2) * 7
  return (last + text.charCodeAt(length - 3)) % RECENT_PLACES
}

/** A string table: gives each string a small integer id, which is free again when the string is removed. */
export class StringTable {
  readonly #texts = new ObjectColumn<string>()
  readonly #table = new IdTable((id) => this.textOf(id))
  readonly #free: number[] = []
  #limit = 0
  /** The id that a text with such an end had last. */
  readonly #recent: number[] = []

  get size(): number {
    return this.#limit - this.#free.length
  }

  /** An upper bound: all ids in use are below it. */
  get limit(): number {
    return this.#limit
  }

  /** Returns the id of a text, or -1. */
  find(text: string): number {
    return this.#table.find(text)
  }

  /** Checks whether an id, which need not be in use, is the id of a text. */
  isText(id: number, text: string): boolean {
    return this.#texts.get(id) === text
  }

  /** Adds a text that is not in the table, and returns its id. */
  add(text: string): number {
    return this.#add(standaloneCopy(text))
  }

  /** Returns the id of a text, and adds a copy of a new text. */
  findOrAdd(text: string): number {
    const guess = this.#limit <= FEW ? this.#recent[recentPlace(text)] : undefined
    if (guess !== undefined && this.#texts.get(guess) === text) return guess
    const hash = hashOf(text)
    const known = this.#table.find(text, hash)
    const id = known < 0 ? this.#add(standaloneCopy(text), hash) : known
    if (this.#limit <= FEW) this.#recent[recentPlace(text)] = id
    return id
  }

  /** Returns the id of a text, and adds a new text without copying it: it must not be a substring of a longer one. */
  findOrAdopt(text: string): number {
    const hash = hashOf(text)
    const known = this.#table.find(text, hash)
    return known < 0 ? this.#add(text, hash) : known
  }

  #add(text: string, hash = hashOf(text)): number {
    const id = this.#free.pop() ?? this.#limit++
    this.#texts.set(id, text)
    this.#table.insert(id, text, hash)
    return id
  }

  /** Removes a text. Its id will be used for another text. */
  remove(id: number): void {
    this.#table.delete(id, this.textOf(id))
    this.#texts.set(id, undefined)
    this.#free.push(id)
  }

  textOf(id: number): string {
    const text = this.#texts.get(id)
    if (text === undefined) throw new RangeError(`No text has the id ${id}.`)
    return text
  }

  /** Yields each id in use, ascending. Texts may be added or removed meanwhile, and may then be missed. */
  *ids(): Generator<number, void, undefined> {
    for (let id = 0; id < this.#limit; id++) {
      if (this.#texts.get(id) !== undefined) yield id
    }
  }

  /** Visits each text, several times faster than by `ids`. Nothing may change meanwhile. */
  forEachText(visit: (text: string) => void): void {
    for (let id = 0; id < this.#limit; id++) {
      const text = this.#texts.get(id)
      if (text !== undefined) visit(text)
    }
  }
}

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
