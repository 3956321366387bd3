import type { Range } from '../affinity-selection.js'
import type { Bitmap } from './bitmap.js'
import type { OrderedColumn } from './ordered-column.js'

/** The slots whose figure is in a range: a stretch of the order of that figure, so that its size is the difference of two ranks. */
export class FigureRange {
  readonly #column: OrderedColumn
  readonly #range: Range
  readonly #start: number
  readonly total: number
  /** No slot is counted twice. */
  readonly isSimple = true
  /** Unlike a single value, a range has no bitmap that is kept. */
  readonly postingBitmap = undefined

  constructor(column: OrderedColumn, range: Range) {
    this.#column = column
    this.#range = range
    const { sorted } = column
    this.#start = range.from === undefined ? 0 : sorted.rank({ value: range.from, key: '' }, false)
    const end = range.below === undefined ? sorted.size : sorted.rank({ value: range.below, key: '' }, false)
    this.total = Math.max(0, end - this.#start)
  }

  covers(records: number): boolean {
    return this.total === records
  }

  has(slot: number): boolean {
    const value = this.#column.valueAt(slot)
    const { from, below } = this.#range
    return (from === undefined || value >= from) && (below === undefined || value < below)
  }

  forEach(visit: (slot: number) => void): void {
    const next = this.#column.sorted.from(this.#start, 1)
    for (let count = 0; count < this.total; count++) visit(next())
  }

  addTo(set: Bitmap): void {
    this.forEach((slot) => {
      set.add(slot)
    })
  }
}
