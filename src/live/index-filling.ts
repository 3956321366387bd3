import type { Slice } from './feed-slices.js'
import type { PostingsByDimension } from './index-clause.js'
import { keyHead } from './index-key-head.js'
import type { OrderedColumn } from './index-ordered.js'
import type { Postings } from './index-postings.js'
import { sortByDigit, sortByText } from './index-sort.js'

/** The slots of a table in the order of their keys: what breaks every order's ties. */
export interface SlotsByKey {
  readonly order: Int32Array
  /** By slot, see keyHead. */
  readonly heads: Float64Array
}

/** 16-bit digits of a 64-bit number. */
const DIGITS = 4
const DIGIT_LIMIT = 2 ** 16
/** Where this machine keeps the digit with the sign: the last on all but a few. */
const TOP = new Uint16Array(new Float64Array([-0]).buffer)[0] === 0 ? DIGITS - 1 : 0

/**
 * Sorts the slots of a table from which nothing has been deleted by their sort keys.
 *
 * A key is its API key's id, its format and its model, so it sorts as those three do, and of each there are far fewer
 * than keys. Where that is wrong, as for long keys, the last step mends it.
 */
export async function slotsByKey(
  count: number,
  sortKeyOf: (slot: number) => string,
  { affinityKey, apiFormat, modelId }: PostingsByDimension,
  slice: Slice,
): Promise<SlotsByKey> {
  let order: Int32Array = new Int32Array(count)
  const heads = new Float64Array(count)
  await slice.blocks(count, (start, end) => {
    for (let slot = start; slot < end; slot++) {
      order[slot] = slot
      heads[slot] = keyHead(sortKeyOf(slot))
    }
  })
  order = await sortByRank(order, modelId, '', slice)
  order = await sortByRank(order, apiFormat, ':', slice)
  order = await sortByRank(order, affinityKey, ':', slice)
  return { order: await sortByText(order, sortKeyOf, slice), heads }
}

/** @param end What follows the value in a key: it decides between a value and a longer one that begins with it. */
async function sortByRank(
  order: Int32Array,
  values: Postings,
  end: string,
  slice: Slice,
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

/** Fills an empty order. */
export async function appendInOrder(
  ordered: OrderedColumn,
  { order, heads }: SlotsByKey,
  slice: Slice,
): Promise<void> {
  const values = new Float64Array(order.length)
  const digits = new Uint16Array(values.buffer)
  await slice.blocks(order.length, (start, end) => {
    for (let slot = start; slot < end; slot++) {
      // Without the sign of a zero, which sorts as any other.
      const value = ordered.valueAt(slot) + 0
      values[slot] = value
      // The bits of numbers from 0 sort as the numbers do; those of negative numbers the other way round, and after them.
      const first = slot * DIGITS
      if (value < 0) for (let at = first; at < first + DIGITS; at++) digits[at] = (digits[at] ?? 0) ^ 0xffff
      else digits[first + TOP] = (digits[first + TOP] ?? 0) ^ 0x8000
    }
  })
  let sorted = order
  for (let step = 0; step < DIGITS; step++) {
    const at = TOP === 0 ? DIGITS - 1 - step : step
    sorted = await sortByDigit(sorted, { of: digits, stride: DIGITS, at, limit: DIGIT_LIMIT }, slice)
  }
  await slice.blocks(sorted.length, (start, end) => {
    for (let place = start; place < end; place++) {
      const slot = sorted[place] ?? 0
      ordered.sorted.append(ordered.valueAt(slot), heads[slot] ?? 0, slot)
    }
  })
}
