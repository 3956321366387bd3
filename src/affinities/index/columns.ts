/**
 * Arrays that grow by whole chunks: growing allocates one chunk (at most 400 KB) and never copies what is there, so a
 * million records cost no long stall. Reading past the end gives 0 or undefined.
 *
 * A table of numbers keeps the fields of a row side by side: who asks for one mostly asks for all, and far memory
 * then answers once and not once a field.
 */
const CHUNK_BITS = 14
const CHUNK_ROWS = 1 << CHUNK_BITS
const ROW_MASK = CHUNK_ROWS - 1

// Two classes alike, and not one generic: V8 compiles a load from one kind of typed array far better than from two.

export class Float64Rows {
  readonly #width: number
  readonly #chunks: Float64Array[] = []

  /** @param width Fields in a row. */
  constructor(width: number) {
    this.#width = width
  }

  get(row: number, field: number): number {
    return this.#chunks[row >>> CHUNK_BITS]?.[(row & ROW_MASK) * this.#width + field] ?? 0
  }

  set(row: number, field: number, value: number): void {
    const at = row >>> CHUNK_BITS
    let chunk = this.#chunks[at]
    if (chunk === undefined) {
      chunk = new Float64Array(CHUNK_ROWS * this.#width)
      this.#chunks[at] = chunk
    }
    chunk[(row & ROW_MASK) * this.#width + field] = value
  }
}

export class Int32Rows {
  readonly #width: number
  readonly #chunks: Int32Array[] = []

  /** @param width Fields in a row. */
  constructor(width: number) {
    this.#width = width
  }

  get(row: number, field: number): number {
    return this.#chunks[row >>> CHUNK_BITS]?.[(row & ROW_MASK) * this.#width + field] ?? 0
  }

  set(row: number, field: number, value: number): void {
    const at = row >>> CHUNK_BITS
    let chunk = this.#chunks[at]
    if (chunk === undefined) {
      chunk = new Int32Array(CHUNK_ROWS * this.#width)
      this.#chunks[at] = chunk
    }
    chunk[(row & ROW_MASK) * this.#width + field] = value
  }
}

export class ObjectColumn<T> {
  readonly #chunks: (T | undefined)[][] = []

  get(row: number): T | undefined {
    return this.#chunks[row >>> CHUNK_BITS]?.[row & ROW_MASK]
  }

  set(row: number, value: T | undefined): void {
    const at = row >>> CHUNK_BITS
    let chunk = this.#chunks[at]
    if (chunk === undefined) {
      chunk = new Array<T | undefined>(CHUNK_ROWS).fill(undefined)
      this.#chunks[at] = chunk
    }
    chunk[row & ROW_MASK] = value
  }
}
