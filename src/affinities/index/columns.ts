/**
 * Arrays that grow in chunks. Growing allocates one chunk (at most 400 KB) and copies nothing, so that a million records
 * cause no long pause. Only the first chunk begins small and doubles, since most of the columns of a small index have a few
 * rows each. Reading past the end gives 0 or undefined.
 *
 * The fields of a row lie side by side, since most readers need all of them: this causes one cache miss a row, and not one
 * a field.
 */
const CHUNK_BITS = 14
const CHUNK_ROWS = 1 << CHUNK_BITS
const ROW_MASK = CHUNK_ROWS - 1
/** The rows with which the first chunk begins. */
const FIRST_ROWS = 16

/** How many rows a chunk needs room for, so that this row fits. */
const roomFor = (row: number): number =>
  row >= CHUNK_ROWS ? CHUNK_ROWS : Math.max(FIRST_ROWS, 2 ** (32 - Math.clz32(row)))

// Two equal classes and not one generic class: V8 compiles a load from one kind of typed array far better than from two.
// It also compiles loads better while none was past the end, which is why their places are compared.

export class Float64Rows {
  readonly #width: number
  readonly #chunks: Float64Array[] = []

  /** @param width Fields in a row. */
  constructor(width: number) {
    this.#width = width
  }

  get(row: number, field: number): number {
    const chunk = this.#chunks[row >>> CHUNK_BITS]
    const at = (row & ROW_MASK) * this.#width + field
    return chunk !== undefined && at < chunk.length ? (chunk[at] ?? 0) : 0
  }

  set(row: number, field: number, value: number): void {
    const at = (row & ROW_MASK) * this.#width + field
    let chunk = this.#chunks[row >>> CHUNK_BITS]
    if (chunk === undefined || at >= chunk.length) chunk = this.#grow(row, chunk)
    chunk[at] = value
  }

  #grow(row: number, before: Float64Array | undefined): Float64Array {
    const chunk = new Float64Array(roomFor(row) * this.#width)
    if (before) chunk.set(before)
    this.#chunks[row >>> CHUNK_BITS] = chunk
    return chunk
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
    const chunk = this.#chunks[row >>> CHUNK_BITS]
    const at = (row & ROW_MASK) * this.#width + field
    return chunk !== undefined && at < chunk.length ? (chunk[at] ?? 0) : 0
  }

  set(row: number, field: number, value: number): void {
    const at = (row & ROW_MASK) * this.#width + field
    let chunk = this.#chunks[row >>> CHUNK_BITS]
    if (chunk === undefined || at >= chunk.length) chunk = this.#grow(row, chunk)
    chunk[at] = value
  }

  #grow(row: number, before: Int32Array | undefined): Int32Array {
    const chunk = new Int32Array(roomFor(row) * this.#width)
    if (before) chunk.set(before)
    this.#chunks[row >>> CHUNK_BITS] = chunk
    return chunk
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
    const chunk = this.#narrow[row >>> CHUNK_BITS]
    const at = (row & ROW_MASK) * this.#width + field
    if (chunk === undefined || at >= chunk.length) return 0
    const value = chunk[at] ?? 0
    return value === NARROW_NONE ? -1 : value
  }

  set(row: number, field: number, value: number): void {
    if (value >= NARROW_NONE) this.#widen()
    if (this.#narrow === undefined) {
      this.#wide?.set(row, field, value)
      return
    }
    const at = (row & ROW_MASK) * this.#width + field
    let chunk = this.#narrow[row >>> CHUNK_BITS]
    if (chunk === undefined || at >= chunk.length) {
      const grown = new Uint16Array(roomFor(row) * this.#width)
      if (chunk) grown.set(chunk)
      this.#narrow[row >>> CHUNK_BITS] = grown
      chunk = grown
    }
    chunk[at] = value
  }

  /** Reads a field of many rows. */
  readMany(rows: Int32Array, field: number, values: Int32Array): void {
    if (this.#narrow === undefined) this.#wide?.readMany(rows, field, values)
    else for (let index = 0; index < rows.length; index++) values[index] = this.get(rows[index] ?? 0, field)
  }

  #widen(): void {
    if (this.#narrow === undefined) return
    const wide = new Int32Rows(this.#width)
    this.#narrow.forEach((chunk, number) => {
      const first = number << CHUNK_BITS
      for (let row = first; row < first + chunk.length / this.#width; row++)
        for (let field = 0; field < this.#width; field++) wide.set(row, field, this.get(row, field))
    })
    this.#wide = wide
    this.#narrow = undefined
  }
}

export class ObjectColumn<T> {
  readonly #chunks: (T | undefined)[][] = []

  get(row: number): T | undefined {
    const chunk = this.#chunks[row >>> CHUNK_BITS]
    const at = row & ROW_MASK
    return chunk !== undefined && at < chunk.length ? chunk[at] : undefined
  }

  set(row: number, value: T | undefined): void {
    const at = row & ROW_MASK
    let chunk = this.#chunks[row >>> CHUNK_BITS]
    if (chunk === undefined || at >= chunk.length) {
      const grown = new Array<T | undefined>(roomFor(row)).fill(undefined)
      chunk?.forEach((one, place) => {
        grown[place] = one
      })
      this.#chunks[row >>> CHUNK_BITS] = grown
      chunk = grown
    }
    chunk[at] = value
  }
}
