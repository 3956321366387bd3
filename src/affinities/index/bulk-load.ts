import type { TimeSlice } from '../../util/time-slice.js'
import { type OrderedColumn, SAME } from './ordered-column.js'
import type { PostingsByDimension } from './plan-selection.js'
import type { Postings } from './postings.js'
import { sortByDigit, sortByText } from './radix-sort.js'

/** The slots of a table, ordered by key. That order breaks the ties of every other order. */
export interface SlotsByKey {
  readonly order: Int32Array
  /** The key head of each slot, see createKeyHead. */
  readonly heads: Float64Array
}

/** 16-bit digits of a 64-bit number. */
const DIGITS = 4
const DIGIT_LIMIT = 2 ** 16
/** The position of the digit that holds the sign bit: the last one on little-endian machines, which are nearly all. */
const TOP = new Uint16Array(new Float64Array([-0]).buffer)[0] === 0 ? DIGITS - 1 : 0

/**
 * Sorts the slots of a table by the sort texts of their keys. Keys mostly sort as their API key, format and model do, and
 * each of these has far fewer values than there are keys: radix sorts by their ranks bring the slots nearly into order, and a
 * merge sort by the whole text keeps what is sorted and mends the rest, whatever keys are made of. No slot below `count` may
 * be free.
 */
export async function slotsByKey(
  count: number,
  { affinityKey, apiFormat, modelId }: PostingsByDimension,
  sortKeyOf: (slot: number) => string,
  headOf: (key: string) => number,
  slice: TimeSlice,
): Promise<SlotsByKey> {
  let order: Int32Array = new Int32Array(count)
  const heads = new Float64Array(count)
  await slice.blocks(count, (start, end) => {
    for (let slot = start; slot < end; slot++) {
      order[slot] = slot
      heads[slot] = headOf(sortKeyOf(slot))
    }
  })
  order = await sortByRank(order, modelId, '', slice)
  order = await sortByRank(order, apiFormat, ':', slice)
  order = await sortByRank(order, affinityKey, ':', slice)
  return { order: await sortByText(order, sortKeyOf, slice), heads }
}

/**
 * Sorts slots by the rank of their values in one dimension (radix sort).
 * @param end what follows the value in a key: it decides between a value and a longer one that begins with it
 */
async function sortByRank(
  order: Int32Array,
  values: Postings,
  end: string,
  slice: TimeSlice,
): Promise<Int32Array> {
  const limit = values.idLimit
  const texts: string[] = []
  const ids = new Int32Array(limit)
  let used = 0
  await slice.blocks(limit, (start, stop) => {
    for (let id = start; id < stop; id++) {
      // A value that a record gave up for another has left its number free.
      if (values.count(id) > 0) ids[used++] = id
      texts.push(values.count(id) > 0 ? values.valueOf(id) + end : '')
    }
  })
  const byText = await sortByText(ids.subarray(0, used), (id) => texts[id] ?? '', slice)
  const ranks = new Int32Array(limit)
  await slice.blocks(used, (start, stop) => {
    for (let rank = start; rank < stop; rank++) ranks[byText[rank] ?? 0] = rank
  })
  const digits = new Int32Array(order.length)
  await slice.blocks(order.length, (start, stop) => {
    for (let slot = start; slot < stop; slot++) digits[slot] = ranks[values.idAt(slot)] ?? 0
  })
  return sortByDigit(order, { of: digits, stride: 1, at: 0, limit }, slice)
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

/** Fills an empty order, in which every slot has the same number, with slots sorted by their keys. */
export async function appendByKey(
  { sorted }: OrderedColumn,
  { order, heads }: SlotsByKey,
  slice: TimeSlice,
): Promise<void> {
  await slice.blocks(order.length, (start, end) => {
    for (let place = start; place < end; place++) {
      const slot = order[place] ?? 0
      sorted.append(SAME, heads[slot] ?? 0, slot)
    }
  })
}
