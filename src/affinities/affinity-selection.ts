import { type AffinityRecord, PIN } from './affinity-record.js'

/** The fields of a record that name something: what can be filtered, searched and indexed. */
export const DIMENSIONS = [
  'affinityKey',
  'apiFormat',
  'modelId',
  'providerId',
  'endpointId',
  'providerKeyId',
] as const
export type Dimension = (typeof DIMENSIONS)[number]

/** Per dimension, the values meant. An absent dimension says nothing; an empty set matches no record. */
export type DimensionSets = { readonly [D in Dimension]?: ReadonlySet<string> }

/** A set of affinities, as conditions on their dimensions. `{}` means every affinity. */
export interface AffinitySelection {
  /** Every named dimension must hold one of its values. */
  readonly all?: DimensionSets
  /** For each entry, at least one named dimension must hold one of its values (a search, `stale: true`). */
  readonly any?: readonly DimensionSets[]
  /** No named dimension may hold one of its values (`stale: false`). */
  readonly none?: DimensionSets
}

export const holdsAll = (record: AffinityRecord, sets: DimensionSets): boolean =>
  DIMENSIONS.every((dimension) => sets[dimension]?.has(record[dimension]) ?? true)

export const holdsAny = (record: AffinityRecord, sets: DimensionSets): boolean =>
  DIMENSIONS.some((dimension) => sets[dimension]?.has(record[dimension]) ?? false)

/** The meaning of a selection, record by record. The live index must agree with it. */
export const isSelected = (record: AffinityRecord, selection: AffinitySelection): boolean =>
  holdsAll(record, selection.all ?? {}) &&
  (selection.any ?? []).every((sets) => holdsAny(record, sets)) &&
  !holdsAny(record, selection.none ?? {})

/** Does it depend on what a record is pinned to, and not on its key alone? */
export const dependsOnPin = ({ all = {}, any = [], none = {} }: AffinitySelection): boolean =>
  [all, none, ...any].some((sets) => PIN.some((dimension) => sets[dimension]))
