import type { AffinityOrderField } from '../stores/affinity-reader.js'
import type { AffinityRecord } from '../stores/affinity-record.js'
import { DIMENSIONS } from '../stores/affinity-selection.js'
import { Bitmap } from './index-bitmap.js'
import type { PostingsByDimension } from './index-clause.js'
import { Float64Rows, Int32Rows } from './index-columns.js'
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
  readonly orders: Readonly<Record<AffinityOrderField, OrderedColumn>>

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
    const keyOf = (slot: number) => this.keys.textOf(slot)
    this.orders = {
      EXPIRES_AT: new OrderedColumn(figures, 0, keyOf),
      CREATED_AT: new OrderedColumn(figures, 1, keyOf),
      REQUEST_COUNT: new OrderedColumn(figures, 2, keyOf),
    }
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
    this.live.add(slot)
    for (const dimension of DIMENSIONS) this.dimensions[dimension].add(slot, record[dimension])
    this.orders.REQUEST_COUNT.insert(slot, record.requestCount)
    this.orders.CREATED_AT.insert(slot, record.createdAt)
    this.orders.EXPIRES_AT.insert(slot, record.expiresAt)
  }

  /** Puts a record in the place of the one in a slot, which has the same key. */
  replace(slot: number, record: AffinityRecord): void {
    for (const dimension of DIMENSIONS) {
      const postings = this.dimensions[dimension]
      if (postings.valueAt(slot) === record[dimension]) continue
      postings.remove(slot)
      postings.add(slot, record[dimension])
    }
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
    this.keys.remove(slot)
  }
}
