import { isSortedByDigest, sortText } from '../../util/text.js'
import type { TimeSlice } from '../../util/time-slice.js'
import type { AffinityOrderField } from '../affinity-reader.js'
import { type AffinityRecord, DIMENSIONS, type Dimension, dimensionValue } from '../affinity-record.js'
import type { KeyFamilies } from '../key-families.js'
import { Bitmap } from './bitmap.js'
import { appendInOrder, slotsByKey } from './bulk-load.js'
import { Float64Rows, Int32Rows } from './columns.js'
import type { PostingsByDimension } from './disjunction.js'
import { createKeyHead } from './key-head.js'
import { OrderedColumn } from './ordered-column.js'
import { Postings } from './postings.js'
import { StringTable } from './string-table.js'

/**
 * Keeps the records, each in a slot: a small integer, free again when the record goes. A record's fields lie in columns
 * by slot, its ids as numbers; it is put together when it is asked for. Every index follows each change here.
 */
export class ColumnStore {
  /** A record's slot is its key's number. */
  readonly keys = new StringTable()
  /** Slots in use. */
  readonly live = new Bitmap()
  readonly dimensions: PostingsByDimension
  /** By the provider key's number, the slot that last took it. */
  readonly #lastOfPin = new Int32Rows(1)
  readonly #figures: Readonly<Record<AffinityOrderField, OrderedColumn>>
  /** The sort texts of long keys, by slot: each such key is hashed once, not at every comparison. */
  readonly #sortTexts = new Map<number, string>()
  /** The dimensions that single families add. */
  readonly #extra: readonly Dimension[]
  readonly #headOf: (key: string) => number
  readonly #orders: ReadonlySet<AffinityOrderField>

  /** @param families whose records it holds, and what they can be filtered by */
  constructor(families: KeyFamilies) {
    const { dimensions, extraDimensions, roots } = families
    this.#orders = families.orders
    const ids = new Int32Rows(dimensions.length)
    const [affinityKey, apiFormat, modelId, providerId, endpointId, providerKeyId] = DIMENSIONS.map(
      (_, field) => new Postings(ids, field),
    ) as [Postings, Postings, Postings, Postings, Postings, Postings]
    const extra = extraDimensions.map(
      (dimension, place) => [dimension, new Postings(ids, DIMENSIONS.length + place)] as const,
    )
    this.dimensions = {
      ...Object.fromEntries(extra),
      affinityKey,
      apiFormat,
      modelId,
      providerId,
      endpointId,
      providerKeyId,
    }
    this.#extra = extraDimensions
    this.#headOf = createKeyHead(roots)
    const figures = new Float64Rows(3)
    this.#figures = {
      EXPIRES_AT: new OrderedColumn(figures, 0, this.#sortKeyOf, this.#headOf),
      CREATED_AT: new OrderedColumn(figures, 1, this.#sortKeyOf, this.#headOf),
      REQUEST_COUNT: new OrderedColumn(figures, 2, this.#sortKeyOf, this.#headOf),
    }
  }

  readonly #sortKeyOf = (slot: number): string => {
    const key = this.keys.textOf(slot)
    return isSortedByDigest(key) ? (this.#sortTexts.get(slot) ?? sortText(key)) : key
  }

  /** @throws RangeError where no family in use has that order */
  orderBy(field: AffinityOrderField): OrderedColumn {
    if (!this.#orders.has(field)) throw new RangeError(`No family of keys has the order ${field}.`)
    return this.#figures[field]
  }

  /** @throws RangeError where no family in use has that dimension */
  postingsOf(dimension: Dimension): Postings {
    const postings = this.dimensions[dimension]
    if (postings === undefined) throw new RangeError(`No family of keys has the dimension ${dimension}.`)
    return postings
  }

  recordAt(slot: number): AffinityRecord {
    const { affinityKey, apiFormat, modelId, providerId, endpointId, providerKeyId } = this.dimensions
    const extra = this.#extraAt(slot)
    return {
      key: this.keys.textOf(slot),
      affinityKey: affinityKey.valueAt(slot),
      apiFormat: apiFormat.valueAt(slot),
      modelId: modelId.valueAt(slot),
      ...(extra && { extra }),
      providerId: providerId.valueAt(slot),
      endpointId: endpointId.valueAt(slot),
      providerKeyId: providerKeyId.valueAt(slot),
      requestCount: this.#figures.REQUEST_COUNT.valueAt(slot),
      createdAt: this.#figures.CREATED_AT.valueAt(slot),
      expiresAt: this.#figures.EXPIRES_AT.valueAt(slot),
    }
  }

  #extraAt(slot: number): Record<Dimension, string> | undefined {
    let extra: Record<Dimension, string> | undefined
    for (const dimension of this.#extra) {
      const postings = this.postingsOf(dimension)
      if (!postings.hasValueAt(slot)) continue
      extra ??= {}
      extra[dimension] = postings.valueAt(slot)
    }
    return extra
  }

  insert(record: AffinityRecord): void {
    const slot = this.keys.add(record.key)
    this.#note(slot, record)
    for (const postings of Object.values(this.dimensions)) postings.enter(slot)
    this.#figures.REQUEST_COUNT.insert(slot, record.requestCount)
    this.#figures.CREATED_AT.insert(slot, record.createdAt)
    this.#figures.EXPIRES_AT.insert(slot, record.expiresAt)
  }

  /**
   * Takes in a record that comes with many others, into no order yet: `putInOrder` follows when all are there, and until
   * then nothing else may be done with the table. If two have the same key, the later one counts.
   */
  collect(record: AffinityRecord): void {
    const before = this.keys.size
    const slot = this.keys.findOrAdopt(record.key)
    if (this.keys.size > before) this.#note(slot, record)
    else this.#noteAnew(slot, record)
    this.#figures.REQUEST_COUNT.note(slot, record.requestCount)
    this.#figures.CREATED_AT.note(slot, record.createdAt)
    this.#figures.EXPIRES_AT.note(slot, record.expiresAt)
  }

  /** Sorts what was collected: some ten times faster than to insert each record where it belongs. */
  async putInOrder(slice: TimeSlice): Promise<void> {
    for (const postings of Object.values(this.dimensions)) await postings.enterAll(slice)
    const byKey = await slotsByKey(this.keys.size, this.#sortKeyOf, this.#headOf, slice)
    for (const ordered of Object.values(this.#figures)) await appendInOrder(ordered, byKey, slice)
  }

  /** Puts a record in the place of the one in a slot, which has the same key. */
  replace(slot: number, record: AffinityRecord): void {
    this.#changeIn(slot, record)
    this.#figures.REQUEST_COUNT.move(slot, record.requestCount)
    this.#figures.CREATED_AT.move(slot, record.createdAt)
    this.#figures.EXPIRES_AT.move(slot, record.expiresAt)
  }

  delete(slot: number): void {
    this.#figures.REQUEST_COUNT.delete(slot)
    this.#figures.CREATED_AT.delete(slot)
    this.#figures.EXPIRES_AT.delete(slot)
    for (const postings of Object.values(this.dimensions)) postings.remove(slot)
    this.live.delete(slot)
    this.#sortTexts.delete(slot)
    this.keys.remove(slot)
  }

  #note(slot: number, record: AffinityRecord): void {
    this.live.add(slot)
    if (isSortedByDigest(record.key)) this.#sortTexts.set(slot, sortText(record.key))
    const { affinityKey, apiFormat, modelId, providerId, endpointId, providerKeyId } = this.dimensions
    affinityKey.note(slot, record.affinityKey)
    apiFormat.note(slot, record.apiFormat, slot > 0 ? apiFormat.idAt(slot - 1) : -1)
    modelId.note(slot, record.modelId)
    providerKeyId.note(slot, record.providerKeyId)
    // A provider key belongs to one provider, and mostly serves one endpoint: the same as in the record before.
    const pin = providerKeyId.idAt(slot)
    const alike = this.#lastOfPin.get(pin, 0)
    providerId.note(slot, record.providerId, providerId.idAt(alike))
    endpointId.note(slot, record.endpointId, endpointId.idAt(alike))
    this.#lastOfPin.set(pin, 0, slot)
    for (const dimension of this.#extra) this.postingsOf(dimension).note(slot, record.extra?.[dimension])
  }

  #noteAnew(slot: number, record: AffinityRecord): void {
    for (const [dimension, postings] of Object.entries(this.dimensions)) {
      const value = dimensionValue(record, dimension)
      if (!postings.isValueAt(slot, value)) postings.noteAnew(slot, value)
    }
  }

  #changeIn(slot: number, record: AffinityRecord): void {
    for (const [dimension, postings] of Object.entries(this.dimensions)) {
      const value = dimensionValue(record, dimension)
      if (postings.isValueAt(slot, value)) continue
      postings.remove(slot)
      postings.add(slot, value)
    }
  }
}
