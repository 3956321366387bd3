import type { TimeSlice } from '../../util/time-slice.js'
import type { AffinityPage, AffinityPageRequest } from '../affinity-reader.js'
import { type AffinityRecord, type Dimension, isSameRecord } from '../affinity-record.js'
import type { AffinitySelection } from '../affinity-selection.js'
import type { KeyFamilies } from '../key-families.js'
import { ColumnStore } from './column-store.js'
import { pageOfAll, pageOfMatches } from './pages.js'
import { type Matches, planSelection } from './plan-selection.js'
import { ValuesView } from './values-view.js'

/** A bulk load: many records on their way into an empty index. */
export interface AffinityLoad {
  /** Sorts what has come, in slices; then nothing more may come. */
  finish(slice: TimeSlice): Promise<void>
  /** Makes it what the index holds, at once; unless the index was cleared meanwhile, or another load began. */
  install(): void
  /** Lets it go. */
  drop(): void
}

/**
 * What an upsert did to the record of its key.
 * `created`: there was none. `switched`: its provider, endpoint or provider key is another. `refreshed`: anything else
 * differs. `unchanged`: nothing does.
 *
 * A pin that went and came back between two looks, to the same provider key, is `refreshed`: so records created less
 * records removed is always the size. `createdAt` tells the two apart: a mere refresh keeps it.
 */
export type AffinityChange =
  | { readonly kind: 'created'; readonly record: AffinityRecord; readonly previous?: never }
  | {
      readonly kind: 'refreshed' | 'switched' | 'unchanged'
      readonly record: AffinityRecord
      readonly previous: AffinityRecord
    }

/**
 * Every affinity in memory, with an index for each dimension and each order. It does no I/O and keeps no time: whoever
 * feeds it decides what is live.
 */
export class AffinityIndex {
  readonly #families: KeyFamilies
  #table: ColumnStore
  /** Where records are put while a load is open. */
  #loading: ColumnStore | undefined

  /** @param families whose records it holds */
  constructor(families: KeyFamilies) {
    this.#families = families
    this.#table = new ColumnStore(families)
  }

  get size(): number {
    return this.#table.keys.size
  }

  /** Takes in a record: new, or in the place of the one with its key. */
  upsert(record: AffinityRecord): AffinityChange {
    if (this.#loading) {
      this.#loading.collect(record)
      return { kind: 'created', record }
    }
    const slot = this.#table.keys.find(record.key)
    if (slot < 0) {
      this.#table.insert(record)
      return { kind: 'created', record }
    }
    const previous = this.#table.recordAt(slot)
    const kind = this.#kindOfChange(previous, record)
    if (kind !== 'unchanged') this.#table.replace(slot, record)
    return { kind, record, previous }
  }

  /** Takes a record out and returns it. */
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
   * From here on `upsert` gathers records aside, without a look at what was there, until they are installed or dropped:
   * several times faster than one by one. All else speaks of what the index held before, which `install` replaces.
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

  /** In no order. The index may change meanwhile: a record that comes or goes then may be seen or not. */
  *keys(): Generator<string, void, undefined> {
    const { keys } = this.#table
    for (const slot of keys.ids()) yield keys.textOf(slot)
  }

  /** In no order. The index may change meanwhile: a record that comes or goes then may be seen or not. */
  *records(): Generator<AffinityRecord, void, undefined> {
    const table = this.#table
    for (const slot of table.keys.ids()) yield table.recordAt(slot)
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

  count(selection: AffinitySelection): number {
    return this.#matches(selection)?.count ?? this.size
  }

  /** The values that records hold in a dimension. A live view, not a copy: it follows the index. */
  distinct(dimension: Dimension): ReadonlySet<string> {
    return new ValuesView(() => this.#table.postingsOf(dimension))
  }

  /** The values that records hold in a dimension and that contain a text, whatever the case of either. */
  valuesContaining(dimension: Dimension, text: string): string[] {
    return this.#table.postingsOf(dimension).valuesContaining(text)
  }

  #matches(selection: AffinitySelection): Matches | undefined {
    const { dimensions, live } = this.#table
    return planSelection({ dimensions, live }, selection)
  }

  #kindOfChange(previous: AffinityRecord, record: AffinityRecord): 'refreshed' | 'switched' | 'unchanged' {
    if (!this.#families.isSamePin(previous, record)) return 'switched'
    return isSameRecord(previous, record, this.#families.dimensions) ? 'unchanged' : 'refreshed'
  }
}
