/** The name of a field by which affinities are filtered, searched and indexed: `providerId`, or one that a key family adds. */
export type Dimension = string

/** The dimensions that every affinity has, whatever the family of its key. */
export const DIMENSIONS = [
  'affinityKey',
  'apiFormat',
  'modelId',
  'providerId',
  'endpointId',
  'providerKeyId',
  'family',
] as const satisfies readonly Dimension[]
export type CommonDimension = (typeof DIMENSIONS)[number]

/** The dimensions that make up the pin target. */
export const PIN = ['providerId', 'endpointId', 'providerKeyId'] as const satisfies readonly CommonDimension[]
export type PinTarget = Readonly<Record<(typeof PIN)[number], string>>

/** The identity of an affinity: the Redis key holds it, in some key families together with the value. */
export interface AffinityIdentity {
  /** API key id. */
  readonly affinityKey: string
  /** API format, such as `CLAUDE` or `OPENAI_CLI`. */
  readonly apiFormat: string
  /** A global model id, or a model name, which may contain colons (`llama3:8b`). */
  readonly modelId: string
  /** The values of the dimensions that this record's key family adds. */
  readonly extra?: Readonly<Record<Dimension, string>>
}

/** An affinity as Redis stores it: one API key, API format and model pinned to one provider key. */
export interface AffinityRecord extends AffinityIdentity, PinTarget {
  /** The Redis key. Its `sortText` breaks the ties of every order. */
  readonly key: string
  /** The name of the key's family. */
  readonly family: string
  /** The number of requests that this pin has served, 0..2^31-1. */
  readonly requestCount: number
  /** Unix seconds, with fractions. */
  readonly createdAt: number
  /** When the cache removes the record: Unix seconds, to the millisecond; Infinity if never. */
  readonly expiresAt: number
  /** The value's `expire_at`, Unix seconds, with fractions: the gateway's last use, and the TTL that was in force then. */
  readonly writtenExpiry: number
}

const COMMON: ReadonlySet<Dimension> = new Set(DIMENSIONS)
const isCommon = (dimension: Dimension): dimension is CommonDimension => COMMON.has(dimension)

/** Returns a record's value in a dimension; undefined if its key family does not have that dimension. */
export const dimensionValue = (record: AffinityRecord, dimension: Dimension): string | undefined =>
  isCommon(dimension) ? record[dimension] : record.extra?.[dimension]

/** Compares two pin targets. */
export const hasSamePin = (a: PinTarget, b: PinTarget): boolean => PIN.every((field) => a[field] === b[field])

/** The figures of an affinity by which affinities are selected and ordered. */
export type Figure = 'createdAt' | 'expiresAt' | 'requestCount'

/**
 * Returns when the gateway used the pin last, in Unix seconds, as far as the record tells.
 * @param ttlSeconds the TTL that each use gives the record
 */
export const lastUsedAt = (
  { createdAt, writtenExpiry }: Pick<AffinityRecord, 'createdAt' | 'writtenExpiry'>,
  ttlSeconds: number,
): number => Math.max(createdAt, writtenExpiry - ttlSeconds)

const FIGURES = ['requestCount', 'createdAt', 'writtenExpiry'] as const

/** Compares what each use of a record changes, and what a new pin changes. */
export const hasSameFigures = (a: AffinityRecord, b: AffinityRecord): boolean =>
  FIGURES.every((figure) => a[figure] === b[figure])

/** Seconds by which two reads of one expiry may differ: before Redis 7 it is made of two clocks' answers. */
const EXPIRY_TOLERANCE = 1

const hasSameExpiry = (a: AffinityRecord, b: AffinityRecord): boolean =>
  a.expiresAt === b.expiresAt || Math.abs(a.expiresAt - b.expiresAt) < EXPIRY_TOLERANCE

/** Compares every field of two records that have the same key. Expiries of less than a second apart are the same. */
export const isSameRecord = (
  a: AffinityRecord,
  b: AffinityRecord,
  dimensions: readonly Dimension[],
): boolean =>
  hasSameExpiry(a, b) &&
  hasSameFigures(a, b) &&
  dimensions.every((dimension) => dimensionValue(a, dimension) === dimensionValue(b, dimension))

/** The reason why a value under an affinity key is not an affinity. */
export type BrokenReason = 'unknown key form' | 'wrong Redis type' | 'not JSON' | 'not an affinity'

export type ParsedAffinity = { readonly record: AffinityRecord } | { readonly broken: BrokenReason }

/** A key of a key family whose value cannot be read as an affinity. */
export interface BrokenAffinity {
  readonly key: string
  readonly reason: BrokenReason
}

/** One batch of a read. Two batches of one read never share a key, unless the reader allows repeats. */
export interface AffinityBatch {
  readonly records: readonly AffinityRecord[]
  readonly broken: readonly BrokenAffinity[]
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Distinguishes the id of a global model from a model name, which older records hold in its place. */
export const isGlobalModelId = (modelId: string): boolean => UUID.test(modelId)
