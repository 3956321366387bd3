import { afterAll, vi } from 'vitest'
import { Bitmap } from '../../../src/affinities/index/bitmap.js'
import { Postings } from '../../../src/affinities/index/postings.js'
import { RankedList } from '../../../src/affinities/index/ranked-list.js'

export interface Cost {
  /** Entries looked at one by one, in an order or in a posting list. */
  visited: number
  /** 32-bit words of bitmaps combined, and entries of lists added to them. */
  words: number
}

/** Counts what the index's own structures are asked from now on, in this file; the index does not count for itself. */
export function countCosts(): Cost {
  const cost: Cost = { visited: 0, words: 0 }
  const { from } = RankedList.prototype
  const { forEach } = Postings.prototype
  const { add } = Bitmap.prototype
  vi.spyOn(RankedList.prototype, 'from').mockImplementation(function (this: RankedList, ...args) {
    const next = from.apply(this, args)
    return () => {
      cost.visited++
      return next()
    }
  })
  vi.spyOn(Postings.prototype, 'forEach').mockImplementation(function (this: Postings, id, visit) {
    forEach.call(this, id, (slot) => {
      cost.visited++
      visit(slot)
    })
  })
  vi.spyOn(Bitmap.prototype, 'add').mockImplementation(function (this: Bitmap, slot) {
    cost.words++
    add.call(this, slot)
  })
  for (const name of ['union', 'intersect', 'subtract'] as const) {
    const combine = Bitmap.prototype[name]
    vi.spyOn(Bitmap.prototype, name).mockImplementation(function (this: Bitmap, other) {
      cost.words += other.words
      combine.call(this, other)
    })
  }
  // Bitmaps of matches are walked as well, where they are few enough to be collected.
  const each = Bitmap.prototype.forEach
  vi.spyOn(Bitmap.prototype, 'forEach').mockImplementation(function (this: Bitmap, visit) {
    each.call(this, (slot) => {
      cost.visited++
      visit(slot)
    })
  })
  afterAll(() => vi.restoreAllMocks())
  return cost
}
