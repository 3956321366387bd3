import type { TimeSlice } from '../../util/time-slice.js'
import type { AffinityPage, AffinityPageRequest, NamePageRequest } from '../affinity-reader.js'
import { type AffinityRecord, type Dimension, isSameRecord } from '../affinity-record.js'
import type { AffinitySelection, Classes, LargestGroups, Tally } from '../affinity-selection.js'
import type { Crossing, CrossingsRequest } from '../affinity-source.js'
import type { KeyFamilies } from '../key-families.js'
import { Bitmap } from './bitmap.js'
import { ColumnStore } from './column-store.js'
import { pageByName } from './name-pages.js'
import { pageOfAll, pageOfMatches } from './pages.js'
import { type Matches, planSelection } from './plan-selection.js'
import type { DimensionIndex } from './postings.js'
import { largestOfValues, tallyOfClasses, tallyOfValues } from './tallies.js'
import { prepareIds } from './value-ids.js'

/** A bulk load, which builds a whole new index from many records. */
export interface AffinityLoad {
  /** Sorts the collected records, in time slices. No record may be added after this. */
  finish(slice: TimeSlice): Promise<void>
  /** Replaces the content of the index, unless the index was cleared or another load began meanwhile. */
  install(): void
  /** Discards the load. */
  drop(): void
}

/** Marks of records, which hold while records are added or replaced and marked at once, or removed. */
export interface Marks {
  /** Marks a record; without effect if there is none. */
  add(key: string): void
  /** Yields the keys of the records that have no mark. The index may change meanwhile, as for `records`. */
  unmarked(): Generator<string, void, undefined>
}

/**
 * The effect of an upsert.
 * `created`: the key had no record. `switched`: the pin target differs. `refreshed`: another field differs. `unchanged`:
 * no field differs.
 *
 * A record that was removed and created again between two reads, with the same pin, is `refreshed`: so the size of the index
 * is always the records created minus those removed. `createdAt` tells the two apart, since a refresh keeps it.
 */
export type AffinityChange =
  | { readonly kind: 'created'; readonly record: AffinityRecord; readonly previous?: never }
  | {
      readonly kind: 'refreshed' | 'switched' | 'unchanged'
      readonly record: AffinityRecord
      readonly previous: AffinityRecord
    }

/**
 * Holds every affinity in memory, with an index for each dimension and each order. It does no I/O and knows no time: the
 * feed decides which records are live.
 */
export class AffinityIndex {
  readonly #families: KeyFamilies
  #table: ColumnStore
  /** Collects records while a bulk load is open. */
  #loading: ColumnStore | undefined

  /** @param families the key families whose records it holds */
  constructor(families: KeyFamilies) {
    this.#families = families
    this.#table = new ColumnStore(families)
  }

  get size(): number {
    return this.#table.keys.size
  }

  /** The records in memory: those of an open bulk load as well. */
  get heldRecords(): number {
    return this.#table.keys.size + (this.#loading?.keys.size ?? 0)
  }

  /**
   * Adds a record, or replaces the one with the same key.
   * @param stamp see AffinityBatch; 0 if unknown
   */
  upsert(record: AffinityRecord, stamp = 0): AffinityChange {
    if (this.#loading) {
      this.#loading.collect(record, stamp)
      return { kind: 'created', record }
    }
    const slot = this.#table.keys.find(record.key)
    if (slot < 0) {
      this.#table.insert(record, stamp)
      return { kind: 'created', record }
    }
    // Also of an unchanged record: another text may mean the same.
    this.#table.setStamp(slot, stamp)
    const previous = this.#table.recordAt(slot)
    const kind = this.#kindOfChange(previous, record)
    if (kind !== 'unchanged' || record.expiresAt !== previous.expiresAt) this.#table.replace(slot, record)
    return { kind, record, previous }
  }

  /** Removes a record and returns it. */
  remove(key: string): AffinityRecord | undefined {
    const slot = this.#table.keys.find(key)
    if (slot < 0) return undefined
    const record = this.#table.recordAt(slot)
    this.#table.delete(slot)
    return record
  }

  clear(): void {
    this.#table = new ColumnStore(this.#families)
    this.#loading = undefined
  }

  /**
   * Begins a bulk load, several times faster than single upserts: until it is installed or dropped, `upsert` collects
   * records without comparing them. All other methods use the old content, which `install` replaces.
   */
  load(): AffinityLoad {
    const table = new ColumnStore(this.#families)
    this.#loading = table
    return {
      finish: (slice) => table.putInOrder(slice),
      install: () => {
        if (this.#loading !== table) return
        this.#table = table
        this.#loading = undefined
      },
      drop: () => {
        if (this.#loading === table) this.#loading = undefined
      },
    }
  }

  has(key: string): boolean {
    return this.#table.keys.find(key) >= 0
  }

  get(key: string): AffinityRecord | undefined {
    const slot = this.#table.keys.find(key)
    return slot < 0 ? undefined : this.#table.recordAt(slot)
  }

  /** Takes the stamp and the expiry of a record that is otherwise as the index has it, which is no change to anybody. */
  adjust(record: AffinityRecord, stamp = 0): void {
    const slot = this.#table.keys.find(record.key)
    if (slot < 0) return
    this.#table.setStamp(slot, stamp)
    this.#table.replace(slot, record)
  }

  /** Returns the stamp of a record, 0 if it is unknown; undefined if there is no such record. */
  stampOf(key: string): number | undefined {
    const slot = this.#table.keys.find(key)
    return slot < 0 ? undefined : this.#table.stampAt(slot)
  }

  /** The end of the slots in which records lie: a walk over the index in slices goes from 0 to here. */
  get slotLimit(): number {
    return this.#table.live.limit
  }

  /** Returns the keys in the slots from `from` to before `to`. A record keeps its slot until it is removed. */
  keysIn(from: number, to: number): string[] {
    const { keys, live } = this.#table
    const found: string[] = []
    for (let slot = from; slot < to; slot += 1) if (live.has(slot)) found.push(keys.textOf(slot))
    return found
  }

  /** Begins to mark records, with one bit each. */
  marks(): Marks {
    const marked = new Bitmap(this.slotLimit)
    return {
      add: (key) => {
        const slot = this.#table.keys.find(key)
        if (slot >= 0) marked.add(slot)
      },
      unmarked: () => this.#unmarked(marked),
    }
  }

  *#unmarked(marked: Bitmap): Generator<string, void, undefined> {
    const { keys } = this.#table
    for (const slot of keys.ids()) if (!marked.has(slot)) yield keys.textOf(slot)
  }

  /** Yields every record, in no order. The index may change meanwhile: a record added or removed then may be missed. */
  *records(): Generator<AffinityRecord, void, undefined> {
    const table = this.#table
    for (const slot of table.keys.ids()) yield table.recordAt(slot)
  }

  /**
   * Asks a selection's conditions about the records, and looks for its values if they are very many, in time slices, so that a
   * `page` or `count` of the selection soon afterwards does little more of both.
   */
  async prepare({ all, any, none, lastUse, where }: AffinitySelection, slice: TimeSlice): Promise<void> {
    for (const sets of [all, none, ...(any ?? [])]) {
      for (const [dimension, values] of Object.entries(sets ?? {})) {
        const postings = this.#table.dimensions[dimension]
        if (postings && values) await prepareIds(postings, values, slice)
      }
    }
    for (const condition of [lastUse, where]) if (condition) await this.#table.prepareWhere(condition, slice)
  }

  page(request: AffinityPageRequest): AffinityPage {
    const table = this.#table
    const ordered = table.orderBy(request.order.field)
    const matches = this.#matches(request.selection)
    const page = { ...request, descending: request.order.direction === 'DESC' }
    const { slots, hasNextPage, hasPreviousPage } =
      matches === undefined ? pageOfAll(ordered, page) : pageOfMatches(ordered, matches, page)
    return {
      records: slots.map((slot) => table.recordAt(slot)),
      totalCount: matches?.count ?? this.size,
      hasNextPage,
      hasPreviousPage,
    }
  }

  pageByName({ selection, names, direction, ...request }: NamePageRequest): AffinityPage {
    const table = this.#table
    const matches = this.#matches(selection)
    const { live, byKey } = table
    const index = {
      live,
      byKey,
      postings: table.dimensions[names.dimension],
      unnamed: table.unnamedOf(names),
    }
    const page = { ...request, descending: direction === 'DESC' }
    const { slots, ...pages } = pageByName(index, names, matches, page)
    return {
      records: slots.map((slot) => table.recordAt(slot)),
      totalCount: matches?.count ?? this.size,
      ...pages,
    }
  }

  /**
   * Yields the records for which one of two selections holds alone, first those that leave. The index must not change
   * before the last one is taken.
   */
  *crossings({ before, after, isKnown }: CrossingsRequest): Generator<Crossing, void, undefined> {
    const table = this.#table
    const [left, entered] = [this.#slotsOf(before), this.#slotsOf(after)]
    const stayed = new Bitmap(left.limit)
    stayed.union(left)
    stayed.intersect(entered)
    for (const [slots, holds] of [
      [left, false],
      [entered, true],
    ] as const) {
      slots.subtract(stayed)
      const crossing: number[] = []
      slots.forEach((slot) => {
        crossing.push(slot)
      })
      for (const slot of crossing) {
        if (!isKnown(table.keys.textOf(slot), holds)) yield { record: table.recordAt(slot), holds }
      }
    }
  }

  /** Returns the slots of a selection as a bitmap of the caller's own. */
  #slotsOf(selection: AffinitySelection): Bitmap {
    const slots = new Bitmap(this.slotLimit)
    const matches = this.#matches(selection) ?? this.#table.live
    if (matches instanceof Bitmap) slots.union(matches)
    else if (matches.addTo) matches.addTo(slots)
    else
      matches.forEach((slot) => {
        slots.add(slot)
      })
    return slots
  }

  count(selection: AffinitySelection): number {
    return this.#matches(selection)?.count ?? this.size
  }

  tally(selection: AffinitySelection, dimension: Dimension): Tally<string> {
    return tallyOfValues(this.#table.dimensions[dimension], this.#matches(selection), this.size)
  }

  largest(selection: AffinitySelection, dimension: Dimension, first: number): LargestGroups {
    return largestOfValues(this.#table.dimensions[dimension], this.#matches(selection), this.size, first)
  }

  /** Asks for the classes of all records in time slices, so that `tallyClasses` soon afterwards asks for few more. */
  prepareClasses(classes: Classes, slice: TimeSlice): Promise<void> {
    return this.#table.prepareClasses(classes, slice)
  }

  tallyClasses(selection: AffinitySelection, classes: Classes): Tally<number> {
    const classOf = this.#table.classesOf(classes)
    return tallyOfClasses(classOf, this.#matches(selection) ?? this.#table.live)
  }

  /** Returns the values that records hold in a dimension, as a live view and not a copy. */
  distinct(dimension: Dimension): ReadonlySet<string> {
    return new ValuesView(() => this.#table.postingsOf(dimension))
  }

  /** Returns the values that records hold in a dimension and that contain a text, without regard to case. */
  valuesContaining(dimension: Dimension, text: string): string[] {
    return this.#table.postingsOf(dimension).valuesContaining(text)
  }

  #matches(selection: AffinitySelection): Matches | undefined {
    return planSelection(this.#table, selection)
  }

  #kindOfChange(previous: AffinityRecord, record: AffinityRecord): 'refreshed' | 'switched' | 'unchanged' {
    if (!this.#families.isSamePin(previous, record)) return 'switched'
    return isSameRecord(previous, record, this.#families.dimensions) ? 'unchanged' : 'refreshed'
  }
}

/**
 * A live view of the values of a dimension, as a set. Copying them would block for some 10 ms with 100,000 API keys. It
 * changes with the index, so a value may come or go between two calls.
 */
export class ValuesView implements ReadonlySet<string> {
  readonly #postings: () => DimensionIndex

  constructor(postings: () => DimensionIndex) {
    this.#postings = postings
  }

  get size(): number {
    return this.#postings().size
  }

  has(value: string): boolean {
    return this.#postings().idOf(value) >= 0
  }

  /** Visits each value. For all of 100,000 values this is several times faster than a loop over the iterator. */
  forEach(visit: (value: string, same: string, set: ReadonlySet<string>) => void, thisArg?: unknown): void {
    this.#postings().forEachValue((value) => visit.call(thisArg, value, value, this))
  }

  *values(): Generator<string, undefined, unknown> {
    const postings = this.#postings()
    for (const id of postings.ids()) yield postings.valueOf(id)
    return undefined
  }

  *entries(): Generator<[string, string], undefined, unknown> {
    for (const value of this) yield [value, value]
    return undefined
  }

  keys(): Generator<string, undefined, unknown> {
    return this.values()
  }

  [Symbol.iterator](): Generator<string, undefined, unknown> {
    return this.values()
  }
}
