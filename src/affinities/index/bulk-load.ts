import type { TimeSlice } from '../../util/time-slice.js'
import type { OrderedColumn } from './ordered-column.js'
import { sortByDigit, sortByText } from './radix-sort.js'

/** The slots of a table, ordered by key. That order breaks the ties of every other order. */
export interface SlotsByKey {
  readonly order: Int32Array
  /** The key head of each slot, see createKeyHead. */
  readonly heads: Float64Array
}

/** Up to this many texts, insertion sort is faster than merge sort. */
const INSERTION_SORT_LIMIT = 24

/** 16-bit digits of a 64-bit number. */
const DIGITS = 4
const DIGIT_LIMIT = 2 ** 16
/** The position of the digit that holds the sign bit: the last one on little-endian machines, which are nearly all. */
const TOP = new Uint16Array(new Float64Array([-0]).buffer)[0] === 0 ? DIGITS - 1 : 0

/**
 * Sorts the slots of a table by the sort texts of their keys: a radix sort by key heads, then a merge sort by the whole
 * text within each run of equal heads. No slot below `count` may be free.
 */
export async function slotsByKey(
  count: number,
  sortKeyOf: (slot: number) => string,
  headOf: (key: string) => number,
  slice: TimeSlice,
): Promise<SlotsByKey> {
  const order = new Int32Array(count)
  const heads = new Float64Array(count)
  await slice.blocks(count, (start, end) => {
    for (let slot = start; slot < end; slot++) {
      order[slot] = slot
      heads[slot] = headOf(sortKeyOf(slot))
    }
  })
  const byHead = await sortByNumber(order, heads.slice(), slice)
  return { order: await sortTies(byHead, heads, sortKeyOf, slice), heads }
}

/** Sorts each run of slots with equal heads by their texts, in place. */
async function sortTies(
  order: Int32Array,
  heads: Float64Array,
  textOf: (slot: number) => string,
  slice: TimeSlice,
): Promise<Int32Array> {
  const headAt = (place: number) => heads[order[place] ?? 0]
  let start = 0
  for (let end = 1; end <= order.length; end++) {
    if (end < order.length && headAt(end) === headAt(start)) continue
    if (end - start > 1) {
      const run = order.subarray(start, end)
      const sorted =
        run.length > INSERTION_SORT_LIMIT
          ? await sortByText(run.slice(), textOf, slice)
          : insertionSort(run, textOf)
      if (sorted !== run) run.set(sorted)
    }
    start = end
    if (slice.isOver()) await slice.next()
  }
  return order
}

function insertionSort(run: Int32Array, textOf: (slot: number) => string): Int32Array {
  for (let at = 1; at < run.length; at++) {
    const slot = run[at] ?? 0
    const text = textOf(slot)
    let place = at
    for (; place > 0 && text < textOf(run[place - 1] ?? 0); place--) run[place] = run[place - 1] ?? 0
    run[place] = slot
  }
  return run
}

/**
 * Sorts slots by numbers (radix sort). The sort is stable.
 * @param values the number of each slot; overwritten
 */
async function sortByNumber(order: Int32Array, values: Float64Array, slice: TimeSlice): Promise<Int32Array> {
  const digits = new Uint16Array(values.buffer)
  await slice.blocks(values.length, (start, end) => {
    for (let slot = start; slot < end; slot++) {
      // IEEE 754 bits of numbers from 0 sort as integers; those of negative numbers sort in reverse and after them.
      const first = slot * DIGITS
      if ((values[slot] ?? 0) < 0)
        for (let at = first; at < first + DIGITS; at++) digits[at] = (digits[at] ?? 0) ^ 0xffff
      else digits[first + TOP] = (digits[first + TOP] ?? 0) ^ 0x8000
    }
  })
  let sorted = order
  for (let step = 0; step < DIGITS; step++) {
    const at = TOP === 0 ? DIGITS - 1 - step : step
    sorted = await sortByDigit(sorted, { of: digits, stride: DIGITS, at, limit: DIGIT_LIMIT }, slice)
  }
  return sorted
}

/** Fills an empty order with sorted slots. */
export async function appendInOrder(
  ordered: OrderedColumn,
  { order, heads }: SlotsByKey,
  slice: TimeSlice,
): Promise<void> {
  const values = new Float64Array(order.length)
  await slice.blocks(order.length, (start, end) => {
    // Adding 0 turns -0 into 0, which would sort differently by its bits.
    for (let slot = start; slot < end; slot++) values[slot] = ordered.valueAt(slot) + 0
  })
  const sorted = await sortByNumber(order, values, slice)
  await slice.blocks(sorted.length, (start, end) => {
    for (let place = start; place < end; place++) {
      const slot = sorted[place] ?? 0
      ordered.sorted.append(ordered.valueAt(slot), heads[slot] ?? 0, slot)
    }
  })
}
