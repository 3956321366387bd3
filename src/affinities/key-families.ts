import { scanPattern } from '../redis/scan.js'
import type { AffinityOrderField } from './affinity-reader.js'
import {
  type AffinityBatch,
  type AffinityIdentity,
  type AffinityRecord,
  type BrokenAffinity,
  type BrokenReason,
  DIMENSIONS,
  type Dimension,
  hasSamePin,
  type ParsedAffinity,
} from './affinity-record.js'
import type { KeyFamily } from './key-family.js'

/** Several families of keys as one: which key is whose, and what their records have together. */
export class KeyFamilies {
  /** The common dimensions first, then those that single families add. */
  readonly dimensions: readonly Dimension[]
  /** What single families add. */
  readonly extraDimensions: readonly Dimension[]
  readonly orders: ReadonlySet<AffinityOrderField>
  /** What a key alone does not tell, and so may be another before the record is removed. */
  readonly valueDimensions: ReadonlySet<Dimension>
  /** Prefixes that no other one begins with, ascending: Redis refuses to track prefixes that overlap. */
  readonly roots: readonly string[]
  /** A glob that every key of every family matches. */
  readonly pattern: string
  /** Whether `pattern` matches no other key. */
  readonly isExact: boolean
  /** Longest prefix first: it has the key. */
  readonly #families: readonly KeyFamily[]

  constructor(families: readonly KeyFamily[]) {
    const prefixes = families.map(({ prefix }) => prefix)
    this.#families = [...families].sort((a, b) => b.prefix.length - a.prefix.length)
    this.extraDimensions = [...new Set(families.flatMap(({ dimensions }) => dimensions))]
    this.dimensions = [...DIMENSIONS, ...this.extraDimensions]
    this.valueDimensions = new Set(families.flatMap(({ valueFields }) => Object.keys(valueFields)))
    this.orders = new Set(families.flatMap(({ orders }) => orders))
    this.roots = prefixes
      .filter((prefix) => !prefixes.some((other) => other !== prefix && prefix.startsWith(other)))
      .sort()
    const [root = ''] = this.roots
    this.isExact = this.roots.length === 1
    this.pattern = this.isExact ? scanPattern(root) : `*${scanPattern(commonEnd(this.roots))}`
  }

  /** The family that a key belongs to; undefined where it is of none. */
  of(key: string): KeyFamily | undefined {
    for (const family of this.#families) if (key.startsWith(family.prefix)) return family
    return undefined
  }

  /**
   * The keys that an identity may have, one for each family that can hold it.
   * @throws InvalidInputError where a component would name another record
   */
  keysOf(identity: AffinityIdentity): readonly string[] {
    return this.#families.flatMap((family) => family.encode(identity) ?? [])
  }

  parse(key: string, value: string): ParsedAffinity {
    return this.of(key)?.parse(key, value) ?? { broken: 'unknown key form' }
  }

  /** Reads the values of many keys: null where a key is gone, undefined where it holds no string. */
  parseBatch(keys: readonly string[], values: readonly (string | null | undefined)[]): AffinityBatch {
    const records: AffinityRecord[] = []
    const broken: BrokenAffinity[] = []
    const tell = (key: string, reason: BrokenReason) => broken.push({ key, reason })
    keys.forEach((key, index) => {
      const value = values[index]
      if (value === null) return
      const parsed = value === undefined ? ({ broken: 'wrong Redis type' } as const) : this.parse(key, value)
      if ('record' in parsed) records.push(parsed.record)
      else tell(key, parsed.broken)
    })
    return { records, broken }
  }

  /** Says whether a record was used again with the same pin, or pinned anew. Both have one key. */
  isSamePin(a: AffinityRecord, b: AffinityRecord): boolean {
    return (this.of(a.key)?.isSamePin ?? hasSamePin)(a, b)
  }
}

/** What all texts end with: `affinity:` of `cache_affinity:` and `scheduler_affinity:`. */
function commonEnd([first = '', ...others]: readonly string[]): string {
  let length = first.length
  while (!others.every((text) => text.endsWith(first.slice(first.length - length)))) length -= 1
  return first.slice(first.length - length)
}
