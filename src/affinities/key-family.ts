import type { AffinityOrderField } from './affinity-reader.js'
import type { AffinityIdentity, Dimension, ParsedAffinity, PinTarget } from './affinity-record.js'

/**
 * A family of Redis keys that hold affinities in one format. The store, the feed, the index and the clear work with any
 * family and know no format. A new family is one file like `families/cache-affinity.ts`, listed in `families/index.ts`.
 */
export interface KeyFamily {
  /** Unique among the families in use. */
  readonly name: string
  /** The prefix of every key of the family. If the prefixes of two families match a key, the longer one wins. */
  readonly prefix: string
  /** Checks whether a key with the prefix is one of this family; without this function every such key is. */
  owns?(key: string): boolean
  /** What the model of a key is: the id of a global model (in older records a name), or the name that a client asked for. */
  readonly modelIs: 'id' | 'name'
  /** The dimensions that the family adds to those that every affinity has. */
  readonly dimensions: readonly Dimension[]
  /** The dimension whose value is the end of each key, of the same length in all; nearly every record has its own value. */
  readonly tail?: { readonly dimension: Dimension; readonly length: number }
  /** The TTL that each write gives a record, in seconds; absent where the TTL is that of the record's provider key. */
  readonly ttlSeconds?: number
  /** The orders in which its records can be read. */
  readonly orders: readonly AffinityOrderField[]
  /**
   * The fields of the JSON value for the dimensions that the key does not hold: the pin target, and others if the family has
   * some. A clear that depends on one of them lets a script in Redis compare these fields before it removes a record.
   */
  readonly valueFields: PinTarget & Readonly<Record<Dimension, string>>
  /** The field of the JSON value with the creation time in Unix seconds, which stays the same in a write-back. */
  readonly createdAtField: string
  /** The fields of the JSON value that each use changes. A clear that depends on figures compares them, too. */
  readonly figureFields: Readonly<Record<'writtenExpiry' | 'requestCount', string>>
  /**
   * Encodes an identity as a key; undefined if the family's keys need more than this identity has.
   * @throws InvalidInputError if a component contains a separator, so that the key would name another record
   */
  encode(identity: AffinityIdentity): string | undefined
  /**
   * Decodes a key.
   * @param value the fields of its JSON value, for families whose keys cannot be decoded without it
   * @returns undefined if the key does not have this form
   */
  decode(key: string, value?: StoredFields): AffinityIdentity | undefined
  /**
   * Parses one stored value. If it cannot be read, the result holds the reason.
   * @param expiresAt when the cache removes the record, in Unix seconds, Infinity for never; without it, what the value says
   */
  parse(key: string, value: string, expiresAt?: number): ParsedAffinity
  /** Checks whether two values of one key have the same pin: then the affinity was refreshed, not switched. */
  isSamePin(a: PinTarget, b: PinTarget): boolean
}

/** The fields of a JSON object, with unchecked values. */
export type StoredFields = Readonly<Record<string, unknown>>
