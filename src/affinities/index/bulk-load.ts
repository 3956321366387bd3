import type { TimeSlice } from '../../util/time-slice.js'
import type { OrderedColumn } from './ordered-column.js'
import { sortByDigit, sortByText } from './radix-sort.js'

/** The slots of a table in the order of their keys: what breaks every order's ties. */
export interface SlotsByKey {
  readonly order: Int32Array
  /** By slot, see createKeyHead. */
  readonly heads: Float64Array
}

/** Up to so many texts an insertion sort is the fastest. */
const FEW = 24

/** 16-bit digits of a 64-bit number. */
const DIGITS = 4
const DIGIT_LIMIT = 2 ** 16
/** This machine keeps the digit with the sign at this place: the last on all but a few machines. */
const TOP = new Uint16Array(new Float64Array([-0]).buffer)[0] === 0 ? DIGITS - 1 : 0

/**
 * Sorts the slots of a table from which nothing has been deleted by the sort texts of their keys: by their heads first (radix sort), then
 * within each run of slots whose heads are the same by the whole text (merge sort).
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

/** Sorts each run of slots with the same head by its texts, in place. */
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
        run.length > FEW ? await sortByText(run.slice(), textOf, slice) : insertionSort(run, textOf)
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
 * Sorts slots by numbers, slots with the same number in the order they came in (radix sort).
 * @param values by slot; used up
 */
async function sortByNumber(order: Int32Array, values: Float64Array, slice: TimeSlice): Promise<Int32Array> {
  const digits = new Uint16Array(values.buffer)
  await slice.blocks(values.length, (start, end) => {
    for (let slot = start; slot < end; slot++) {
      // The bits of numbers from 0 sort as the numbers do; those of negative numbers the other way round, and after them.
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

/** Fills an empty order. */
export async function appendInOrder(
  ordered: OrderedColumn,
  { order, heads }: SlotsByKey,
  slice: TimeSlice,
): Promise<void> {
  const values = new Float64Array(order.length)
  await slice.blocks(order.length, (start, end) => {
    // Without the sign of a zero, which sorts as any other.
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
