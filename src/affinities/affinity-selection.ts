import {
  type AffinityRecord,
  type CommonDimension,
  type Dimension,
  dimensionValue,
  type Figure,
  lastUsedAt,
} from './affinity-record.js'

/** The selected values of each dimension. An absent dimension is no condition; an empty set matches no record. */
export type DimensionSets = { readonly [D in CommonDimension]?: ReadonlySet<string> } & {
  readonly [dimension: Dimension]: ReadonlySet<string> | undefined
}

/** What is asked about several dimensions together. */
export interface Asked {
  /** Those with few values first. */
  readonly dimensions: readonly Dimension[]
  /** For a dimension with very many values: a whole number, 0 or more, that is equal only for values with equal answers. */
  readonly likeness?: Readonly<Record<Dimension, (value: string) => number>>
}

/**
 * A condition on several dimensions together, such as what the gateway's scheduler would do. Its answer about the same values
 * never changes, so that it can be asked once for all records that share them.
 */
export interface Condition extends Asked {
  /** @param values the values of the dimensions; undefined for one that the record's family does not have */
  holds(values: readonly (string | undefined)[]): boolean
}

/** Classes of records by several dimensions together. Like a condition's, its answer about the same values never changes. */
export interface Classes extends Asked {
  /**
   * @param values as for a condition
   * @returns the number of the class, 0 to 65,533
   */
  classOf(values: readonly (string | undefined)[]): number
}

/** The number of all selected records, and of those with each value, or in each class. Records without a value are in none. */
export interface Tally<Group> {
  readonly total: number
  readonly counts: ReadonlyMap<Group, number>
}

/** The largest of the groups that a tally has, largest first and then by value, and what all of them have together. */
export interface LargestGroups {
  readonly total: number
  readonly groupCount: number
  /** The number of records in a group. */
  readonly grouped: number
  readonly groups: readonly (readonly [value: string, count: number])[]
}

/** Figures from one number on, and below another; without a number the range is open there. */
export interface Range {
  readonly from?: number
  readonly below?: number
}

/** A condition on the last use of a pin, which the record tells together with the TTL in force. */
export interface LastUse {
  /** The pin was used before this moment, in Unix seconds. */
  readonly before: number
  /** Returns the TTL that each use gives a record of this family, pinned to this provider key. */
  ttlSeconds(family: string, providerKeyId: string): number
}

/** A set of affinities, as conditions on their dimensions and figures. `{}` selects every affinity. */
export interface AffinitySelection {
  /** Every named dimension must hold one of its values. */
  readonly all?: DimensionSets
  /** The record must have one of these keys. */
  readonly keys?: ReadonlySet<string>
  /** For each entry, at least one named dimension must hold one of its values (a search). */
  readonly any?: readonly DimensionSets[]
  /** No named dimension may hold one of its values. */
  readonly none?: DimensionSets
  /** Every named figure must be in its range. */
  readonly ranges?: Readonly<Partial<Record<Figure, Range>>>
  readonly lastUse?: LastUse
  /** The condition must hold (`stale: true`). */
  readonly where?: Condition
}

/** Checks one dimension. A record whose key family does not have the dimension holds no value in it. */
const holds = (record: AffinityRecord, dimension: Dimension, values: ReadonlySet<string>): boolean => {
  const value = dimensionValue(record, dimension)
  return value !== undefined && values.has(value)
}

export const holdsAll = (record: AffinityRecord, sets: DimensionSets): boolean =>
  Object.entries(sets).every(([dimension, values]) => !values || holds(record, dimension, values))

export const holdsAny = (record: AffinityRecord, sets: DimensionSets): boolean =>
  Object.entries(sets).some(([dimension, values]) => values && holds(record, dimension, values))

/** Decides whether a selection contains a record. This is the definition of a selection: the index must agree with it. */
export const isSelected = (record: AffinityRecord, selection: AffinitySelection): boolean =>
  (selection.keys?.has(record.key) ?? true) &&
  holdsAll(record, selection.all ?? {}) &&
  (selection.any ?? []).every((sets) => holdsAny(record, sets)) &&
  !holdsAny(record, selection.none ?? {}) &&
  isInRanges(record, selection.ranges ?? {}) &&
  (selection.lastUse === undefined || wasUsedBefore(record, selection.lastUse)) &&
  (selection.where === undefined || holdsWhere(record, selection.where))

const isInRanges = (record: AffinityRecord, ranges: NonNullable<AffinitySelection['ranges']>): boolean =>
  FIGURES.every((figure) => {
    const { from = Number.NEGATIVE_INFINITY, below } = ranges[figure] ?? {}
    return record[figure] >= from && (below === undefined || record[figure] < below)
  })

const FIGURES = ['createdAt', 'expiresAt', 'requestCount'] as const satisfies readonly Figure[]

const wasUsedBefore = (record: AffinityRecord, { before, ttlSeconds }: LastUse): boolean =>
  lastUsedAt(record, ttlSeconds(record.family, record.providerKeyId)) < before

const holdsWhere = (record: AffinityRecord, { dimensions, holds }: Condition): boolean =>
  holds(dimensions.map((dimension) => dimensionValue(record, dimension)))

/** Says whether a record is selected. Without a condition no record is looked at: 500 subscribers may ask about each event. */
export type SelectionCheck = ((record: AffinityRecord) => boolean) & {
  /** Whether a use of the record may change the answer. */
  readonly byFigures?: boolean
}

export const checkOf = (selection: AffinitySelection): SelectionCheck =>
  Object.assign(
    isEverything(selection) ? () => true : (record: AffinityRecord) => isSelected(record, selection),
    { byFigures: selection.lastUse !== undefined || Object.keys(selection.ranges ?? {}).length > 0 },
  )

/** Checks whether a selection has no condition at all, whatever parts it names. */
export const isEverything = ({
  keys,
  all = {},
  any = [],
  none = {},
  ranges = {},
  lastUse,
  where,
}: AffinitySelection) =>
  keys === undefined &&
  lastUse === undefined &&
  where === undefined &&
  any.length === 0 &&
  [all, none, ranges].every((part) => Object.keys(part).length === 0)

/** Checks whether a selection has a condition on a figure, which each use changes, or on one of these dimensions. */
export const dependsOn = (
  { all = {}, any = [], none = {}, ranges = {}, lastUse, where }: AffinitySelection,
  dimensions: ReadonlySet<Dimension>,
): boolean =>
  lastUse !== undefined ||
  Object.keys(ranges).length > 0 ||
  where?.dimensions.some((dimension) => dimensions.has(dimension)) === true ||
  [all, none, ...any].some((sets) =>
    Object.entries(sets).some(([dimension, values]) => values !== undefined && dimensions.has(dimension)),
  )
