import { sortText } from '../util/text.js'
import type { AffinityRecord, Dimension } from './affinity-record.js'
import type { AffinitySelection } from './affinity-selection.js'

export type AffinityOrderField = 'EXPIRES_AT' | 'CREATED_AT' | 'REQUEST_COUNT'

/** A total order: by the field's value, ties by the `sortText` of the Redis key. DESC is the exact reverse of ASC. */
export interface AffinityOrder {
  readonly field: AffinityOrderField
  readonly direction: 'ASC' | 'DESC'
}

/** A place in an order: records that sort after it, whether or not the record that had it is still there. */
export interface AffinityPosition {
  readonly value: number
  /** The `sortText` of the record's Redis key. */
  readonly key: string
}

export interface AffinityPageRequest {
  readonly selection: AffinitySelection
  readonly order: AffinityOrder
  /** Records wanted, 0..1000; 0 asks for the count alone. */
  readonly first: number
  readonly after?: AffinityPosition
  /** Records skipped from the start, or from `after`. */
  readonly offset?: number
}

export interface AffinityPage {
  readonly records: readonly AffinityRecord[]
  /** All selected records, before paging. */
  readonly totalCount: number
  readonly hasNextPage: boolean
  readonly hasPreviousPage: boolean
}

/** Answers questions about the affinities that are live now. Throws UnavailableError, never answers in part. */
export interface AffinityReader {
  page(request: AffinityPageRequest): Promise<AffinityPage>
  count(selection: AffinitySelection): Promise<number>
  /** Every selected record, in no order; for clears. */
  matching(selection: AffinitySelection): Promise<readonly AffinityRecord[]>
  /** The distinct values that live records hold in a dimension. */
  distinct(dimension: Dimension): Promise<ReadonlySet<string>>
  /** Those of them that contain a text, whatever the case of either. */
  valuesContaining(dimension: Dimension, text: string): Promise<readonly string[]>
}

const ORDER_VALUE = {
  EXPIRES_AT: (record: AffinityRecord) => record.expiresAt,
  CREATED_AT: (record: AffinityRecord) => record.createdAt,
  REQUEST_COUNT: (record: AffinityRecord) => record.requestCount,
} as const

export const positionOf = (record: AffinityRecord, field: AffinityOrderField): AffinityPosition => ({
  value: ORDER_VALUE[field](record),
  key: sortText(record.key),
})

/** Ascending comparison of two positions: value first, then key by UTF-16 code unit. */
export const comparePositions = (a: AffinityPosition, b: AffinityPosition): number =>
  a.value - b.value || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)
