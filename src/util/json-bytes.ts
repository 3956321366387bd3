import { LONGEST_TIME, writeTime } from './iso-time.js'

/** Bytes that a new buffer has at least. */
const SMALLEST = 16_384
/** A UTF-16 unit takes as many bytes in JSON at most: `\u001f`. */
const BYTES_A_UNIT = 6

const QUOTE = 0x22
const BACKSLASH = 0x5c
const SPACE = 0x20
const TILDE = 0x7e

/** The extension of a scalar type that writes its own values, as its `serialize` gives them. */
export type WriteJson = (value: unknown, to: JsonBytes) => void

/** A part of what was written already. */
export interface Written {
  readonly start: number
  readonly end: number
}

/** JSON in UTF-8 that is written piece by piece: a text that is put together of so many takes several times as long to become bytes. */
export class JsonBytes {
  #bytes: Buffer
  #length = 0

  /** @param expected about so many bytes will be written */
  constructor(expected = 0) {
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(SMALLEST, expected))
  }

  get length(): number {
    return this.#length
  }

  /** Returns all that was written, without a copy. */
  whole(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  /** Forgets what was written after so many bytes. */
  cut(length: number): void {
    this.#length = length
  }

  /** Makes room for so many bytes more. */
  #reserve(count: number): void {
    const needed = this.#length + count
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length))
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
  }

  /** Writes what is UTF-8 already. */
  raw(bytes: Uint8Array): void {
    const count = bytes.length
    this.#reserve(count)
    const into = this.#bytes
    let at = this.#length
    // For a few bytes, `set` takes more time.
    for (let index = 0; index < count; index++) into[at++] = bytes[index] as number
    this.#length = at
  }

  /** Writes a part again. */
  again({ start, end }: Written): void {
    this.#reserve(end - start)
    this.#bytes.copyWithin(this.#length, start, end)
    this.#length += end - start
  }

  /** Writes a text with its quotation marks. */
  text(text: string): void {
    const count = text.length
    this.#reserve(count * BYTES_A_UNIT + 2)
    const into = this.#bytes
    let at = this.#length
    into[at++] = QUOTE
    for (let index = 0; index < count; index++) {
      const unit = text.charCodeAt(index)
      if (unit < SPACE || unit > TILDE || unit === QUOTE || unit === BACKSLASH) {
        this.json(JSON.stringify(text))
        return
      }
      into[at++] = unit
    }
    into[at++] = QUOTE
    this.#length = at
  }

  /**
   * Writes a time with its quotation marks.
   * @throws RangeError if the date is invalid
   */
  time(date: Date): void {
    this.#reserve(LONGEST_TIME + 2)
    const into = this.#bytes
    into[this.#length] = QUOTE
    const end = writeTime(date, into, this.#length + 1)
    into[end] = QUOTE
    this.#length = end + 1
  }

  /** Writes what is JSON already. */
  json(json: string): void {
    this.#reserve(3 * json.length)
    this.#length += this.#bytes.write(json, this.#length)
  }

  /** Writes JSON that has ASCII characters alone, such as a number. */
  ascii(json: string): void {
    const count = json.length
    this.#reserve(count)
    const into = this.#bytes
    let at = this.#length
    for (let index = 0; index < count; index++) into[at++] = json.charCodeAt(index)
    this.#length = at
  }

  /** Writes a list, of which each item is written by itself. */
  list(items: readonly unknown[], write: (item: unknown) => void): void {
    this.ascii('[')
    for (let index = 0; index < items.length; index++) {
      if (index > 0) this.ascii(',')
      write(items[index])
    }
    this.ascii(']')
  }

  /**
   * Writes an object, of which each field is written by itself.
   * @param write writes a value; if it writes nothing, there is no such field
   */
  fields(fields: Readonly<Record<string, unknown>>, write: (name: string, value: unknown) => void): void {
    let before = '{'
    for (const [name, value] of Object.entries(fields)) {
      const start = this.#length
      this.json(`${before}${JSON.stringify(name)}:`)
      const end = this.#length
      write(name, value)
      if (this.#length === end) this.cut(start)
      else before = ','
    }
    this.ascii(before === '{' ? '{}' : '}')
  }
}
