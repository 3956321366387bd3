/**
 * Arrays that grow in chunks. Growing allocates one chunk (at most 400 KB) and copies nothing, so that a million records
 * cause no long pause. Reading past the end gives 0 or undefined.
 *
 * The fields of a row lie side by side, since most readers need all of them: this causes one cache miss a row, and not one
 * a field.
 */
const CHUNK_BITS = 14
const CHUNK_ROWS = 1 << CHUNK_BITS
const ROW_MASK = CHUNK_ROWS - 1

// Two equal classes and not one generic class: V8 compiles a load from one kind of typed array far better than from two.

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

  /** Reads a field of many rows. */
  readMany(rows: Int32Array, field: number, values: Int32Array): void {
    for (let index = 0; index < rows.length; index++) values[index] = this.get(rows[index] ?? 0, field)
  }
}

/** Stands for -1 in a chunk of 16 bits. */
const NARROW_NONE = 0xffff

/** Rows of whole numbers from -1 on, in 16 bits each until the first number that needs more. */
export class NarrowRows {
  readonly #width: number
  #narrow: Uint16Array[] | undefined = []
  #wide: Int32Rows | undefined

  /** @param width Fields in a row. */
  constructor(width: number) {
    this.#width = width
  }

  get(row: number, field: number): number {
    if (this.#narrow === undefined) return this.#wide?.get(row, field) ?? 0
    const value = this.#narrow[row >>> CHUNK_BITS]?.[(row & ROW_MASK) * this.#width + field] ?? 0
    return value === NARROW_NONE ? -1 : value
  }

  set(row: number, field: number, value: number): void {
    if (value >= NARROW_NONE) this.#widen()
    if (this.#narrow === undefined) {
      this.#wide?.set(row, field, value)
      return
    }
    const at = row >>> CHUNK_BITS
    let chunk = this.#narrow[at]
    if (chunk === undefined) {
      chunk = new Uint16Array(CHUNK_ROWS * this.#width)
      this.#narrow[at] = chunk
    }
    chunk[(row & ROW_MASK) * this.#width + field] = value
  }

  /** Reads a field of many rows. */
  readMany(rows: Int32Array, field: number, values: Int32Array): void {
    if (this.#narrow === undefined) this.#wide?.readMany(rows, field, values)
    else for (let index = 0; index < rows.length; index++) values[index] = this.get(rows[index] ?? 0, field)
  }

  #widen(): void {
    if (this.#narrow === undefined) return
    const wide = new Int32Rows(this.#width)
    const rows = this.#narrow.length * CHUNK_ROWS
    for (let row = 0; row < rows; row++)
      for (let field = 0; field < this.#width; field++) wide.set(row, field, this.get(row, field))
    this.#wide = wide
    this.#narrow = undefined
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
