/**
 * Arrays that grow by whole chunks: growing allocates one chunk (at most 128 KB) and never copies what is there,
 * so a million records cost no long stall. Reading past the end gives 0 or undefined.
 */
const CHUNK_BITS = 14
const CHUNK_LENGTH = 1 << CHUNK_BITS
const OFFSET_MASK = CHUNK_LENGTH - 1

// Two classes alike, and not one generic: V8 compiles a load from one kind of typed array far better than from two.

export class Float64Column {
  readonly #chunks: Float64Array[] = []

  get(index: number): number {
    return this.#chunks[index >>> CHUNK_BITS]?.[index & OFFSET_MASK] ?? 0
  }

  set(index: number, value: number): void {
    const at = index >>> CHUNK_BITS
    const chunk = this.#chunks[at] ?? new Float64Array(CHUNK_LENGTH)
    this.#chunks[at] = chunk
    chunk[index & OFFSET_MASK] = value
  }
}

export class Int32Column {
  readonly #chunks: Int32Array[] = []

  get(index: number): number {
    return this.#chunks[index >>> CHUNK_BITS]?.[index & OFFSET_MASK] ?? 0
  }

  set(index: number, value: number): void {
    const at = index >>> CHUNK_BITS
    const chunk = this.#chunks[at] ?? new Int32Array(CHUNK_LENGTH)
    this.#chunks[at] = chunk
    chunk[index & OFFSET_MASK] = value
  }
}

export class ObjectColumn<T> {
  readonly #chunks: (T | undefined)[][] = []

  get(index: number): T | undefined {
    return this.#chunks[index >>> CHUNK_BITS]?.[index & OFFSET_MASK]
  }

  set(index: number, value: T | undefined): void {
    const at = index >>> CHUNK_BITS
    const chunk = this.#chunks[at] ?? new Array<T | undefined>(CHUNK_LENGTH).fill(undefined)
    this.#chunks[at] = chunk
    chunk[index & OFFSET_MASK] = value
  }
}
