import { sortText } from '../util/text.js'
import type { AffinityRecord, Dimension, Figure } from './affinity-record.js'
import type { AffinitySelection, Classes, LargestGroups, Tally } from './affinity-selection.js'
import type { NamePosition, RecordNames } from './record-names.js'

export type AffinityOrderField = 'EXPIRES_AT' | 'CREATED_AT' | 'REQUEST_COUNT'

type Direction = 'ASC' | 'DESC'

/** A total order: by the field's value, ties by the `sortText` of the Redis key. DESC is the exact reverse of ASC. */
export interface AffinityOrder {
  readonly field: AffinityOrderField
  readonly direction: Direction
}

/** A place in an order. It stays valid after the record that had this place has gone. */
export interface AffinityPosition {
  readonly value: number
  /** The `sortText` of the record's Redis key. */
  readonly key: string
}

export interface AffinityPageRequest {
  readonly selection: AffinitySelection
  readonly order: AffinityOrder
  /** The number of records to return, 0..1000; 0 asks for the count alone. */
  readonly first: number
  readonly after?: AffinityPosition
  /** The number of records to skip from the start, or from `after`. */
  readonly offset?: number
}

/** A page in the order of names, ties by the `sortText` of the Redis key. */
export interface NamePageRequest {
  readonly selection: AffinitySelection
  readonly names: RecordNames
  readonly direction: Direction
  readonly first: number
  readonly after?: NamePosition
  readonly offset?: number
}

export interface AffinityPage {
  readonly records: readonly AffinityRecord[]
  /** The number of all selected records, on every page. */
  readonly totalCount: number
  readonly hasNextPage: boolean
  readonly hasPreviousPage: boolean
}

/** Answers queries about the affinities that are live now. It throws UnavailableError rather than give a partial answer. */
export interface AffinityReader {
  page(request: AffinityPageRequest): Promise<AffinityPage>
  pageByName(request: NamePageRequest): Promise<AffinityPage>
  count(selection: AffinitySelection): Promise<number>
  /** Counts the selected records by their value in a dimension. */
  tally(selection: AffinitySelection, dimension: Dimension): Promise<Tally<string>>
  /** Finds the largest groups of a tally, faster than the tally where a dimension has very many values. */
  largest(selection: AffinitySelection, dimension: Dimension, first: number): Promise<LargestGroups>
  /** Counts the selected records by their class. */
  tallyClasses(selection: AffinitySelection, classes: Classes): Promise<Tally<number>>
  /** Returns every selected record, in no order; for clears. */
  matching(selection: AffinitySelection): Promise<readonly AffinityRecord[]>
  /** Returns the distinct values that live records hold in a dimension. */
  distinct(dimension: Dimension): Promise<ReadonlySet<string>>
  /** Returns the distinct values of a dimension that contain a text, without regard to case. */
  valuesContaining(dimension: Dimension, text: string): Promise<readonly string[]>
}

/** Answers by the reader that is right when a question comes. */
export const readerBy = (current: () => Promise<AffinityReader>): AffinityReader => ({
  page: async (request) => (await current()).page(request),
  pageByName: async (request) => (await current()).pageByName(request),
  count: async (selection) => (await current()).count(selection),
  tally: async (selection, dimension) => (await current()).tally(selection, dimension),
  largest: async (selection, dimension, first) => (await current()).largest(selection, dimension, first),
  tallyClasses: async (selection, classes) => (await current()).tallyClasses(selection, classes),
  matching: async (selection) => (await current()).matching(selection),
  distinct: async (dimension) => (await current()).distinct(dimension),
  valuesContaining: async (dimension, text) => (await current()).valuesContaining(dimension, text),
})

/** The figure by which each order sorts. */
export const FIGURE_OF = {
  EXPIRES_AT: 'expiresAt',
  CREATED_AT: 'createdAt',
  REQUEST_COUNT: 'requestCount',
} as const satisfies Record<AffinityOrderField, Figure>

export const positionOf = (record: AffinityRecord, field: AffinityOrderField): AffinityPosition => ({
  value: record[FIGURE_OF[field]],
  key: sortText(record.key),
})

/** Compares two positions, ascending: by value first, then by key in UTF-16 code units. */
export const comparePositions = (a: AffinityPosition, b: AffinityPosition): number =>
  (a.value === b.value ? 0 : a.value - b.value) || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)
