import type { AffinityOrderField } from '../stores/affinity-reader.js'
import type { AffinityRecord } from '../stores/affinity-record.js'
import { DIMENSIONS } from '../stores/affinity-selection.js'
import { isSortedByDigest, sortText } from '../stores/sort-text.js'
import type { Slice } from './feed-slices.js'
import { Bitmap } from './index-bitmap.js'
import type { PostingsByDimension } from './index-clause.js'
import { Float64Rows, Int32Rows } from './index-columns.js'
import { appendInOrder, slotsByKey } from './index-filling.js'
import { OrderedColumn } from './index-ordered.js'
import { Postings } from './index-postings.js'
import { StringTable } from './index-strings.js'

/**
 * The records, each in a slot: a small integer, free again when the record goes. Its fields lie in columns by slot,
 * its ids as numbers; a record is put together when it is asked for. Every index follows each change here.
 */
export class AffinityTable {
  /** A record's slot is its key's number. */
  readonly keys = new StringTable()
  /** Slots in use. */
  readonly live = new Bitmap()
  readonly dimensions: PostingsByDimension
  /** By the provider key's number, the slot that last took it. */
  readonly #lastOfPin = new Int32Rows(1)
  readonly orders: Readonly<Record<AffinityOrderField, OrderedColumn>>
  /** By slot, what those keys are sorted by that are too long to be sorted by themselves: each is hashed once. */
  readonly #digested = new Map<number, string>()

  constructor() {
    const ids = new Int32Rows(6)
    this.dimensions = {
      affinityKey: new Postings(ids, 0),
      apiFormat: new Postings(ids, 1),
      modelId: new Postings(ids, 2),
      providerId: new Postings(ids, 3),
      endpointId: new Postings(ids, 4),
      providerKeyId: new Postings(ids, 5),
    }
    const figures = new Float64Rows(3)
    this.orders = {
      EXPIRES_AT: new OrderedColumn(figures, 0, this.#sortKeyOf),
      CREATED_AT: new OrderedColumn(figures, 1, this.#sortKeyOf),
      REQUEST_COUNT: new OrderedColumn(figures, 2, this.#sortKeyOf),
    }
  }

  readonly #sortKeyOf = (slot: number): string => {
    const key = this.keys.textOf(slot)
    return isSortedByDigest(key) ? (this.#digested.get(slot) ?? sortText(key)) : key
  }

  recordAt(slot: number): AffinityRecord {
    const { affinityKey, apiFormat, modelId, providerId, endpointId, providerKeyId } = this.dimensions
    return {
      key: this.keys.textOf(slot),
      affinityKey: affinityKey.valueAt(slot),
      apiFormat: apiFormat.valueAt(slot),
      modelId: modelId.valueAt(slot),
      providerId: providerId.valueAt(slot),
      endpointId: endpointId.valueAt(slot),
      providerKeyId: providerKeyId.valueAt(slot),
      requestCount: this.orders.REQUEST_COUNT.valueAt(slot),
      createdAt: this.orders.CREATED_AT.valueAt(slot),
      expiresAt: this.orders.EXPIRES_AT.valueAt(slot),
    }
  }

  insert(record: AffinityRecord): void {
    const slot = this.keys.add(record.key)
    this.#note(slot, record)
    for (const dimension of DIMENSIONS) this.dimensions[dimension].enter(slot)
    this.orders.REQUEST_COUNT.insert(slot, record.requestCount)
    this.orders.CREATED_AT.insert(slot, record.createdAt)
    this.orders.EXPIRES_AT.insert(slot, record.expiresAt)
  }

  /**
   * Takes in a record that comes with many others, into no order yet: `putInOrder` follows when all are there, and until
   * then nothing else may be done with the table. Of two with the same key the later one counts.
   */
  collect(record: AffinityRecord): void {
    const before = this.keys.size
    const slot = this.keys.findOrAdopt(record.key)
    if (this.keys.size > before) this.#note(slot, record)
    else this.#noteAnew(slot, record)
    this.orders.REQUEST_COUNT.note(slot, record.requestCount)
    this.orders.CREATED_AT.note(slot, record.createdAt)
    this.orders.EXPIRES_AT.note(slot, record.expiresAt)
  }

  /** Sorts what was collected: some ten times faster than to insert each record where it belongs. */
  async putInOrder(slice: Slice): Promise<void> {
    for (const postings of Object.values(this.dimensions)) await postings.enterAll(slice)
    const byKey = await slotsByKey(this.keys.size, this.#sortKeyOf, this.dimensions, slice)
    for (const ordered of Object.values(this.orders)) await appendInOrder(ordered, byKey, slice)
  }

  /** Puts a record in the place of the one in a slot, which has the same key. */
  replace(slot: number, record: AffinityRecord): void {
    this.#changeIn(slot, record)
    this.orders.REQUEST_COUNT.move(slot, record.requestCount)
    this.orders.CREATED_AT.move(slot, record.createdAt)
    this.orders.EXPIRES_AT.move(slot, record.expiresAt)
  }

  delete(slot: number): void {
    this.orders.REQUEST_COUNT.delete(slot)
    this.orders.CREATED_AT.delete(slot)
    this.orders.EXPIRES_AT.delete(slot)
    for (const dimension of DIMENSIONS) this.dimensions[dimension].remove(slot)
    this.live.delete(slot)
    this.#digested.delete(slot)
    this.keys.remove(slot)
  }

  #note(slot: number, record: AffinityRecord): void {
    this.live.add(slot)
    if (isSortedByDigest(record.key)) this.#digested.set(slot, sortText(record.key))
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
  }

  #noteAnew(slot: number, record: AffinityRecord): void {
    for (const dimension of DIMENSIONS) {
      const postings = this.dimensions[dimension]
      if (postings.valueAt(slot) !== record[dimension]) postings.noteAnew(slot, record[dimension])
    }
  }

  #changeIn(slot: number, record: AffinityRecord): void {
    for (const dimension of DIMENSIONS) {
      const postings = this.dimensions[dimension]
      if (postings.valueAt(slot) === record[dimension]) continue
      postings.remove(slot)
      postings.add(slot, record[dimension])
    }
  }
}
