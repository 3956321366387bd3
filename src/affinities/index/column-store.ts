import { isSortedByDigest, sortText } from '../../util/text.js'
import type { TimeSlice } from '../../util/time-slice.js'
import { type AffinityOrderField, FIGURE_OF } from '../affinity-reader.js'
import {
  type AffinityRecord,
  DIMENSIONS,
  type Dimension,
  dimensionValue,
  type Figure,
  lastUsedAt,
} from '../affinity-record.js'
import type { Classes, Condition, LastUse } from '../affinity-selection.js'
import type { KeyFamilies } from '../key-families.js'
import type { RecordNames } from '../record-names.js'
import { AskedSlots } from './asked-slots.js'
import { Bitmap } from './bitmap.js'
import { appendByKey, appendInOrder, slotsByKey } from './bulk-load.js'
import { ClassedSlots } from './classed-slots.js'
import { Float64Rows, Int32Rows, NarrowRows } from './columns.js'
import { ConditionAnswers } from './condition-answers.js'
import { createKeyHead, OrderedColumn, SAME, SAME_NUMBERS } from './ordered-column.js'
import type { PostingsByDimension } from './plan-selection.js'
import { type DimensionIndex, Postings } from './postings.js'
import type { SlotQuestion } from './slot-answers.js'
import { StringTable } from './string-table.js'
import { TailPostings } from './tail-postings.js'
import { UnnamedValues } from './unnamed-values.js'

/** Dimensions with more values than 16 bits can number; the others have few, and may still have more. */
const MANY_VALUES: ReadonlySet<Dimension> = new Set(['affinityKey'])

/** The field of the column that no order is made of. */
const WRITTEN_EXPIRY = 3

/** Conditions whose answers are kept: those of requests under way, and of pages that are asked for one after the other. */
const KEPT_CONDITIONS = 4

/**
 * A column store of records. Each record has a slot, a small integer that is free again when the record is removed. Its
 * fields lie in columns by slot, its texts as numbers of a string table; a record object is built when it is read. Each
 * change here also updates the postings and the orders.
 */
export class ColumnStore {
  /** The string table of keys. The id of a key is the slot of its record. */
  readonly keys = new StringTable()
  /** The slots in use. */
  readonly live = new Bitmap()
  readonly dimensions: PostingsByDimension
  /** The stamps of the records, by slot; 0 if unknown. See AffinityBatch. */
  readonly #stamps = new Int32Rows(1)
  /** For each provider key's id, the slot of the record that was assigned it last. */
  readonly #lastSlotOfProviderKey = new Int32Rows(1)
  /** The figures of each record, by slot: those that are ordered, and the expiry that its value names. */
  readonly #columns = new Float64Rows(4)
  readonly figures: Readonly<Record<Figure, OrderedColumn>>
  /** The slots in the order of their keys alone. */
  readonly byKey: OrderedColumn
  readonly #unnamed = new WeakMap<RecordNames, UnnamedValues>()
  /** The sort texts of long keys, by slot: such a key is hashed once, and not at every comparison. */
  readonly #sortTexts = new Map<number, string>()
  /** The dimensions that single families add. */
  readonly #extraPostings: readonly (readonly [Dimension, DimensionIndex])[]
  readonly #headOf: (key: string) => number
  readonly #orders: ReadonlySet<AffinityOrderField>
  /** The answers of the latest conditions, the least recently used first. */
  readonly #conditions = new Map<Condition | LastUse, AskedSlots>()
  /** The classes that were asked for last. */
  #latestClasses: { readonly classes: Classes; readonly slots: ClassedSlots } | undefined

  /** @param families the key families whose records it holds */
  constructor(families: KeyFamilies) {
    const { dimensions, extraDimensions, roots } = families
    this.#orders = families.orders
    const isMany = (dimension: Dimension) => MANY_VALUES.has(dimension) || families.tailOf(dimension)
    const [wide, narrow] = [dimensions.filter(isMany), dimensions.filter((dimension) => !isMany(dimension))]
    const [wideIds, narrowIds] = [new Int32Rows(wide.length), new NarrowRows(narrow.length)]
    const postingsFor = (dimension: Dimension): Postings =>
      isMany(dimension)
        ? new Postings(wideIds, wide.indexOf(dimension))
        : new Postings(narrowIds, narrow.indexOf(dimension))
    const [affinityKey, apiFormat, modelId, providerId, endpointId, providerKeyId, family] = DIMENSIONS.map(
      postingsFor,
    ) as [Postings, Postings, Postings, Postings, Postings, Postings, Postings]
    const keyOf = (slot: number) => this.keys.textOf(slot)
    const extra = extraDimensions.map((dimension): [Dimension, DimensionIndex] => {
      const tail = families.tailOf(dimension)
      return [
        dimension,
        tail ? new TailPostings(keyOf, tail, wideIds, wide.indexOf(dimension)) : postingsFor(dimension),
      ]
    })
    this.dimensions = {
      ...Object.fromEntries(extra),
      affinityKey,
      apiFormat,
      modelId,
      providerId,
      endpointId,
      providerKeyId,
      family,
    }
    this.#extraPostings = extra
    this.#headOf = createKeyHead(roots)
    this.byKey = new OrderedColumn(SAME_NUMBERS, 0, this.#sortKeyOf, this.#headOf)
    this.figures = {
      expiresAt: new OrderedColumn(this.#columns, 0, this.#sortKeyOf, this.#headOf),
      createdAt: new OrderedColumn(this.#columns, 1, this.#sortKeyOf, this.#headOf),
      requestCount: new OrderedColumn(this.#columns, 2, this.#sortKeyOf, this.#headOf),
    }
  }

  readonly #sortKeyOf = (slot: number): string => {
    const key = this.keys.textOf(slot)
    return isSortedByDigest(key) ? (this.#sortTexts.get(slot) ?? sortText(key)) : key
  }

  /** @throws RangeError if no key family in use has this order */
  orderBy(field: AffinityOrderField): OrderedColumn {
    if (!this.#orders.has(field)) throw new RangeError(`No family of keys has the order ${field}.`)
    return this.figures[FIGURE_OF[field]]
  }

  /** @throws RangeError if no key family in use has this dimension */
  postingsOf(dimension: Dimension): DimensionIndex {
    const postings = this.dimensions[dimension]
    if (postings === undefined) throw new RangeError(`No family of keys has the dimension ${dimension}.`)
    return postings
  }

  /** The values of a dimension that have come since these names were read. */
  unnamedOf(names: RecordNames): UnnamedValues {
    const unnamed = this.#unnamed.get(names) ?? new UnnamedValues(this.dimensions[names.dimension], names)
    this.#unnamed.set(names, unnamed)
    return unnamed
  }

  /** The slots for which a condition holds, until the next change. */
  slotsWhere(condition: Condition | LastUse): Bitmap {
    return this.#askedSlots(condition).current(this.live)
  }

  prepareWhere(condition: Condition | LastUse, slice: TimeSlice): Promise<void> {
    return this.#askedSlots(condition).prepare(this.live, slice)
  }

  /** Returns a function from a slot in use to its class, until the next change. */
  classesOf(classes: Classes): (slot: number) => number {
    return this.#classedSlots(classes).current(this.live)
  }

  prepareClasses(classes: Classes, slice: TimeSlice): Promise<void> {
    return this.#classedSlots(classes).prepare(this.live, slice)
  }

  #classedSlots(classes: Classes): ClassedSlots {
    if (this.#latestClasses?.classes !== classes) {
      const answers = new ConditionAnswers(classes, this.dimensions, (values) => classes.classOf(values))
      this.#latestClasses = { classes, slots: new ClassedSlots((slots, found) => answers.at(slots, found)) }
    }
    return this.#latestClasses.slots
  }

  #askedSlots(condition: Condition | LastUse): AskedSlots {
    const slots = this.#conditions.get(condition) ?? new AskedSlots(this.#questionOf(condition))
    this.#conditions.delete(condition)
    this.#conditions.set(condition, slots)
    const [oldest] = this.#conditions.keys()
    if (oldest && this.#conditions.size > KEPT_CONDITIONS) this.#conditions.delete(oldest)
    return slots
  }

  #questionOf(condition: Condition | LastUse): SlotQuestion {
    if ('ttlSeconds' in condition) {
      const wasUsedBefore = this.#wasUsedBefore(condition)
      return (slots, found) => {
        slots.forEach((slot, index) => {
          found[index] = wasUsedBefore(slot) ? 1 : 0
        })
      }
    }
    const answers = new ConditionAnswers(condition, this.dimensions, (values) =>
      condition.holds(values) ? 1 : 0,
    )
    return (slots, found) => answers.at(slots, found)
  }

  #wasUsedBefore({ before, ttlSeconds }: LastUse): (slot: number) => boolean {
    const { family, providerKeyId } = this.dimensions
    return (slot) => {
      const times = {
        createdAt: this.figures.createdAt.valueAt(slot),
        writtenExpiry: this.#columns.get(slot, WRITTEN_EXPIRY),
      }
      return lastUsedAt(times, ttlSeconds(family.valueAt(slot), providerKeyId.valueAt(slot))) < before
    }
  }

  #forgetAnswers(slot: number): void {
    for (const slots of this.#conditions.values()) slots.forget(slot)
    this.#latestClasses?.slots.forget(slot)
  }

  recordAt(slot: number): AffinityRecord {
    const { affinityKey, apiFormat, modelId, providerId, endpointId, providerKeyId, family } = this.dimensions
    const extra = this.#extraAt(slot)
    // Two literals, since adding a property afterwards, or a spread, costs more than all the rest.
    if (extra === undefined) {
      return {
        key: this.keys.textOf(slot),
        family: family.valueAt(slot),
        affinityKey: affinityKey.valueAt(slot),
        apiFormat: apiFormat.valueAt(slot),
        modelId: modelId.valueAt(slot),
        providerId: providerId.valueAt(slot),
        endpointId: endpointId.valueAt(slot),
        providerKeyId: providerKeyId.valueAt(slot),
        requestCount: this.figures.requestCount.valueAt(slot),
        createdAt: this.figures.createdAt.valueAt(slot),
        expiresAt: this.figures.expiresAt.valueAt(slot),
        writtenExpiry: this.#columns.get(slot, WRITTEN_EXPIRY),
      }
    }
    return {
      key: this.keys.textOf(slot),
      family: family.valueAt(slot),
      affinityKey: affinityKey.valueAt(slot),
      apiFormat: apiFormat.valueAt(slot),
      modelId: modelId.valueAt(slot),
      providerId: providerId.valueAt(slot),
      endpointId: endpointId.valueAt(slot),
      providerKeyId: providerKeyId.valueAt(slot),
      requestCount: this.figures.requestCount.valueAt(slot),
      createdAt: this.figures.createdAt.valueAt(slot),
      expiresAt: this.figures.expiresAt.valueAt(slot),
      writtenExpiry: this.#columns.get(slot, WRITTEN_EXPIRY),
      extra,
    }
  }

  #extraAt(slot: number): Record<Dimension, string> | undefined {
    let extra: Record<Dimension, string> | undefined
    for (const [dimension, postings] of this.#extraPostings) {
      if (!postings.hasValueAt(slot)) continue
      extra ??= {}
      extra[dimension] = postings.valueAt(slot)
    }
    return extra
  }

  stampAt(slot: number): number {
    return this.#stamps.get(slot, 0)
  }

  setStamp(slot: number, stamp: number): void {
    this.#stamps.set(slot, 0, stamp)
  }

  insert(record: AffinityRecord, stamp: number): void {
    const slot = this.keys.add(record.key)
    this.setStamp(slot, stamp)
    this.#assign(slot, record)
    for (const postings of Object.values(this.dimensions)) postings.post(slot)
    this.byKey.insert(slot, SAME)
    this.figures.requestCount.insert(slot, record.requestCount)
    this.figures.createdAt.insert(slot, record.createdAt)
    this.figures.expiresAt.insert(slot, record.expiresAt)
    this.#columns.set(slot, WRITTEN_EXPIRY, record.writtenExpiry)
  }

  /**
   * Adds a record of a bulk load to the columns alone. `putInOrder` must follow after the last record, and until then no
   * other method may be called. If two records have the same key, the later one wins.
   */
  collect(record: AffinityRecord, stamp: number): void {
    const before = this.keys.size
    const slot = this.keys.findOrAdopt(record.key)
    this.setStamp(slot, stamp)
    if (this.keys.size > before) this.#assign(slot, record)
    else this.#reassign(slot, record)
    this.figures.requestCount.assign(slot, record.requestCount)
    this.figures.createdAt.assign(slot, record.createdAt)
    this.figures.expiresAt.assign(slot, record.expiresAt)
    this.#columns.set(slot, WRITTEN_EXPIRY, record.writtenExpiry)
  }

  /** Fills postings and orders with the collected records, about ten times faster than single insertions. */
  async putInOrder(slice: TimeSlice): Promise<void> {
    for (const postings of Object.values(this.dimensions)) await postings.postAll(slice)
    const byKey = await slotsByKey(this.keys.size, this.dimensions, this.#sortKeyOf, this.#headOf, slice)
    await appendByKey(this.byKey, byKey, slice)
    for (const ordered of Object.values(this.figures)) await appendInOrder(ordered, byKey, slice)
  }

  /** Replaces the record in a slot by one with the same key. */
  replace(slot: number, record: AffinityRecord): void {
    this.#replaceValues(slot, record)
    this.#forgetAnswers(slot)
    this.figures.requestCount.move(slot, record.requestCount)
    this.figures.createdAt.move(slot, record.createdAt)
    this.figures.expiresAt.move(slot, record.expiresAt)
    this.#columns.set(slot, WRITTEN_EXPIRY, record.writtenExpiry)
  }

  delete(slot: number): void {
    this.byKey.delete(slot)
    this.figures.requestCount.delete(slot)
    this.figures.createdAt.delete(slot)
    this.figures.expiresAt.delete(slot)
    for (const postings of Object.values(this.dimensions)) postings.remove(slot)
    this.live.delete(slot)
    this.#forgetAnswers(slot)
    this.#sortTexts.delete(slot)
    this.keys.remove(slot)
  }

  #assign(slot: number, record: AffinityRecord): void {
    this.live.add(slot)
    if (isSortedByDigest(record.key)) this.#sortTexts.set(slot, sortText(record.key))
    const { affinityKey, apiFormat, modelId, providerId, endpointId, providerKeyId, family } = this.dimensions
    family.assign(slot, record.family, slot > 0 ? family.idAt(slot - 1) : -1)
    affinityKey.assign(slot, record.affinityKey)
    apiFormat.assign(slot, record.apiFormat, slot > 0 ? apiFormat.idAt(slot - 1) : -1)
    modelId.assign(slot, record.modelId)
    providerKeyId.assign(slot, record.providerKeyId)
    // A provider key belongs to one provider and mostly to one endpoint, so the last record with it is a good guess.
    const providerKey = providerKeyId.idAt(slot)
    const similar = this.#lastSlotOfProviderKey.get(providerKey, 0)
    providerId.assign(slot, record.providerId, providerId.idAt(similar))
    endpointId.assign(slot, record.endpointId, endpointId.idAt(similar))
    this.#lastSlotOfProviderKey.set(providerKey, 0, slot)
    for (const [dimension, postings] of this.#extraPostings)
      postings.assign(slot, record.extra?.[dimension], slot > 0 ? postings.idAt(slot - 1) : -1)
  }

  #reassign(slot: number, record: AffinityRecord): void {
    for (const [dimension, postings] of Object.entries(this.dimensions)) {
      const value = dimensionValue(record, dimension)
      if (!postings.isValueAt(slot, value)) postings.reassign(slot, value)
    }
  }

  #replaceValues(slot: number, record: AffinityRecord): void {
    for (const [dimension, postings] of Object.entries(this.dimensions)) {
      const value = dimensionValue(record, dimension)
      if (postings.isValueAt(slot, value)) continue
      postings.remove(slot)
      postings.add(slot, value)
    }
  }
}
