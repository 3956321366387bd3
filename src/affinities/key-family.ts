import type { AffinityOrderField } from './affinity-reader.js'
import type { AffinityIdentity, Dimension, ParsedAffinity, PinTarget } from './affinity-record.js'

/**
 * A family of Redis keys that hold affinities in one format. Store, feed, index and clear take families and know no
 * format: whoever adds a family adds one file like `families/cache-affinity.ts`, and names it where families are chosen.
 */
export interface KeyFamily {
  /** Unique among the families in use. */
  readonly name: string
  /** Every key of the family begins with it. If the prefixes of two families match a key, the longer one has it. */
  readonly prefix: string
  /** What its records can be filtered by beyond the dimensions that every affinity has. */
  readonly dimensions: readonly Dimension[]
  /** The orders that its records can be read in. */
  readonly orders: readonly AffinityOrderField[]
  /**
   * The names in the JSON value of what only the value tells: the pin target, and further dimensions that the key does not
   * tell. A clear that depends on one of them compares these fields inside Redis before it removes.
   */
  readonly valueFields: PinTarget & Readonly<Record<Dimension, string>>
  /** The name in the JSON value of the pin's beginning, in Unix seconds, which a gateway's write-back keeps. */
  readonly createdAtField: string
  /**
   * Puts the key of an identity together; undefined where the family's keys say more than this identity does.
   * @throws InvalidInputError where these components would name another record
   */
  encode(identity: AffinityIdentity): string | undefined
  /**
   * Takes a key apart.
   * @param value the fields of its JSON value, for families whose keys cannot be taken apart without
   * @returns undefined where the key is not of this form
   */
  decode(key: string, value?: StoredFields): AffinityIdentity | undefined
  /** Reads one stored value; what cannot be read is told as broken, with the reason. */
  parse(key: string, value: string): ParsedAffinity
  /** Says whether two values under one key are the same pin, used again. */
  isSamePin(a: PinTarget, b: PinTarget): boolean
}

/** The fields of a JSON object, whatever they hold. */
export type StoredFields = Readonly<Record<string, unknown>>
