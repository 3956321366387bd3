import {
  type AffinityRecord,
  type CommonDimension,
  type Dimension,
  dimensionValue,
} from './affinity-record.js'

/** Per dimension, the values meant. An absent dimension says nothing; an empty set matches no record. */
export type DimensionSets = { readonly [D in CommonDimension]?: ReadonlySet<string> } & {
  readonly [dimension: Dimension]: ReadonlySet<string> | undefined
}

/** A set of affinities, as conditions on their dimensions. `{}` means every affinity. */
export interface AffinitySelection {
  /** Every named dimension must hold one of its values. */
  readonly all?: DimensionSets
  /** For each entry, at least one named dimension must hold one of its values (a search, `stale: true`). */
  readonly any?: readonly DimensionSets[]
  /** No named dimension may hold one of its values (`stale: false`). */
  readonly none?: DimensionSets
}

/** A dimension that a record's family does not have holds no value. */
const holds = (record: AffinityRecord, dimension: Dimension, values: ReadonlySet<string>): boolean => {
  const value = dimensionValue(record, dimension)
  return value !== undefined && values.has(value)
}

export const holdsAll = (record: AffinityRecord, sets: DimensionSets): boolean =>
  Object.entries(sets).every(([dimension, values]) => !values || holds(record, dimension, values))

export const holdsAny = (record: AffinityRecord, sets: DimensionSets): boolean =>
  Object.entries(sets).some(([dimension, values]) => values && holds(record, dimension, values))

/** Says record by record what a selection means. The index must agree with it. */
export const isSelected = (record: AffinityRecord, selection: AffinitySelection): boolean =>
  holdsAll(record, selection.all ?? {}) &&
  (selection.any ?? []).every((sets) => holdsAny(record, sets)) &&
  !holdsAny(record, selection.none ?? {})

/** Says whether a selection has a condition on one of these dimensions. */
export const dependsOn = (
  { all = {}, any = [], none = {} }: AffinitySelection,
  dimensions: ReadonlySet<Dimension>,
): boolean =>
  [all, none, ...any].some((sets) =>
    Object.entries(sets).some(([dimension, values]) => values !== undefined && dimensions.has(dimension)),
  )
