/** Something that an affinity names, by which it can be filtered, searched and indexed: `providerId`, or a family's own. */
export type Dimension = string

/** The dimensions that every affinity has, whatever the family of its key. */
export const DIMENSIONS = [
  'affinityKey',
  'apiFormat',
  'modelId',
  'providerId',
  'endpointId',
  'providerKeyId',
] as const satisfies readonly Dimension[]
export type CommonDimension = (typeof DIMENSIONS)[number]

/** What a record is pinned to: its pin target. */
export const PIN = ['providerId', 'endpointId', 'providerKeyId'] as const satisfies readonly CommonDimension[]
export type PinTarget = Readonly<Record<(typeof PIN)[number], string>>

/** Who and what is pinned: what the key says, and in some families the value with it. */
export interface AffinityIdentity {
  /** API key id. */
  readonly affinityKey: string
  /** API format, such as `CLAUDE` or `OPENAI_CLI`. */
  readonly apiFormat: string
  /** A global model id, or a model name; may hold colons (`llama3:8b`). */
  readonly modelId: string
  /** The dimensions that this record's family adds, by their names. */
  readonly extra?: Readonly<Record<Dimension, string>>
}

/** An affinity as Redis holds it: one API key, API format and model pinned to one provider key. */
export interface AffinityRecord extends AffinityIdentity, PinTarget {
  /** The Redis key: the record's identity, and through its `sortText` the tie-breaker of every order. */
  readonly key: string
  /** Requests served by this pin, 0..2^31-1. */
  readonly requestCount: number
  /** Unix seconds, with fractions. */
  readonly createdAt: number
  /** Unix seconds, with fractions. The gateway slides it on each use; Redis's own TTL decides. */
  readonly expiresAt: number
}

const COMMON: ReadonlySet<Dimension> = new Set(DIMENSIONS)
const isCommon = (dimension: Dimension): dimension is CommonDimension => COMMON.has(dimension)

/** What a record names in a dimension; undefined where its family does not have that dimension. */
export const dimensionValue = (record: AffinityRecord, dimension: Dimension): string | undefined =>
  isCommon(dimension) ? record[dimension] : record.extra?.[dimension]

/** Compares what two records are pinned to. */
export const hasSamePin = (a: PinTarget, b: PinTarget): boolean => PIN.every((field) => a[field] === b[field])

const FIGURES = ['requestCount', 'createdAt', 'expiresAt'] as const

/** Compares all that two records of one key say. */
export const isSameRecord = (
  a: AffinityRecord,
  b: AffinityRecord,
  dimensions: readonly Dimension[],
): boolean =>
  FIGURES.every((figure) => a[figure] === b[figure]) &&
  dimensions.every((dimension) => dimensionValue(a, dimension) === dimensionValue(b, dimension))

/** Why a value under an affinity key is not an affinity. */
export type BrokenReason = 'unknown key form' | 'wrong Redis type' | 'not JSON' | 'not an affinity'

export type ParsedAffinity = { readonly record: AffinityRecord } | { readonly broken: BrokenReason }

/** A key of an affinity family whose value cannot be read as an affinity. */
export interface BrokenAffinity {
  readonly key: string
  readonly reason: BrokenReason
}

/** A part of a full read. Batches of one read never share a key. */
export interface AffinityBatch {
  readonly records: readonly AffinityRecord[]
  readonly broken: readonly BrokenAffinity[]
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Tells the id of a global model from a raw model name, which older records carry in its place. */
export const isGlobalModelId = (modelId: string): boolean => UUID.test(modelId)
