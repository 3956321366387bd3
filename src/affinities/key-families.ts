import { scanPattern } from '../redis/scan.js'
import type { AffinityOrderField } from './affinity-reader.js'
import {
  type AffinityBatch,
  type AffinityIdentity,
  type AffinityRecord,
  type BrokenAffinity,
  DIMENSIONS,
  type Dimension,
  hasSamePin,
  type ParsedAffinity,
} from './affinity-record.js'
import type { KeyFamily } from './key-family.js'

/** A value as the cache holds it: null if the key is gone, undefined if it is not a string. */
export interface StoredAffinity {
  readonly value: string | null | undefined
  /** When the cache removes it: Unix seconds, Infinity for never. */
  readonly expiresAt: number
}

const GONE: StoredAffinity = { value: null, expiresAt: 0 }

/** The key families in use, as one: finds the family of a key, and holds what all families have together. */
export class KeyFamilies {
  /** The common dimensions first, then those that single families add. */
  readonly dimensions: readonly Dimension[]
  /** The dimensions that single families add. */
  readonly extraDimensions: readonly Dimension[]
  readonly orders: ReadonlySet<AffinityOrderField>
  /** The dimensions that the value holds and not the key: they may change before a record is removed. */
  readonly valueDimensions: ReadonlySet<Dimension>
  /** The shortest prefixes that cover all families, ascending: Redis refuses to track prefixes that overlap. */
  readonly roots: readonly string[]
  /** A glob that matches every key of every family. */
  readonly pattern: string
  /** Whether `pattern` matches no other key. */
  readonly isExact: boolean
  /** Longest prefix first: if two prefixes match a key, it belongs to the family with the longer one. */
  readonly #families: readonly KeyFamily[]
  readonly #byName: ReadonlyMap<string, KeyFamily>

  constructor(families: readonly KeyFamily[]) {
    const prefixes = families.map(({ prefix }) => prefix)
    this.#families = [...families].sort((a, b) => b.prefix.length - a.prefix.length)
    this.#byName = new Map(families.map((family) => [family.name, family]))
    this.extraDimensions = [...new Set(families.flatMap(({ dimensions }) => dimensions))]
    this.dimensions = [...DIMENSIONS, ...this.extraDimensions]
    this.valueDimensions = new Set(families.flatMap(({ valueFields }) => Object.keys(valueFields)))
    this.orders = new Set(families.flatMap(({ orders }) => orders))
    this.roots = prefixes
      .filter((prefix) => !prefixes.some((other) => other !== prefix && prefix.startsWith(other)))
      .sort()
    const [root = ''] = this.roots
    this.isExact = this.roots.length === 1 && families.every(({ owns }) => owns === undefined)
    this.pattern = this.roots.length === 1 ? scanPattern(root) : patternOfAll(this.roots)
  }

  /** The families in use. */
  get all(): readonly KeyFamily[] {
    return this.#families
  }

  /** Says what the model of a record is: the id of a global model, or a name. */
  modelIs({ family }: Pick<AffinityRecord, 'family'>): KeyFamily['modelIs'] {
    return this.#byName.get(family)?.modelIs ?? 'id'
  }

  /** Returns the TTL that each write gives a record of a family, in seconds; undefined where its provider key decides. */
  ttlSecondsOf(family: string): number | undefined {
    return this.#byName.get(family)?.ttlSeconds
  }

  /** Returns how many characters at the end of each key are its value in a dimension; undefined if that is not so. */
  tailOf(dimension: Dimension): number | undefined {
    const lengths = this.#families
      .filter(({ dimensions }) => dimensions.includes(dimension))
      .map(({ tail }) => (tail?.dimension === dimension ? tail.length : undefined))
    return lengths.every((length) => length === lengths[0]) ? lengths[0] : undefined
  }

  /** Returns the names of the families whose keys hold the id, or the name, of a model. */
  namesOf(modelIs: KeyFamily['modelIs']): readonly string[] {
    return this.#families.filter((family) => family.modelIs === modelIs).map(({ name }) => name)
  }

  /** Returns the family of a key, or undefined. */
  of(key: string): KeyFamily | undefined {
    for (const family of this.#families) {
      if (key.startsWith(family.prefix) && (family.owns?.(key) ?? true)) return family
    }
    return undefined
  }

  /**
   * Encodes an identity as Redis keys, one for each family that can hold it.
   * @throws InvalidInputError if a component contains a separator, so that the key would name another record
   */
  keysOf(identity: AffinityIdentity): readonly string[] {
    return this.#families.flatMap((family) => family.encode(identity) ?? [])
  }

  /** See KeyFamily.parse. */
  parse(key: string, value: string, expiresAt?: number): ParsedAffinity {
    return this.of(key)?.parse(key, value, expiresAt) ?? { broken: 'unknown key form' }
  }

  /**
   * Parses the values of many keys. Keys of no family are left out: a prefix that is followed also begins keys of versions
   * that nobody here reads.
   */
  parseBatch(keys: readonly string[], stored: readonly StoredAffinity[]): AffinityBatch {
    const records: AffinityRecord[] = []
    const broken: BrokenAffinity[] = []
    keys.forEach((key, index) => {
      const { value, expiresAt } = stored[index] ?? GONE
      const family = value === null ? undefined : this.of(key)
      if (value === null || !family) return
      const parsed =
        value === undefined ? ({ broken: 'wrong Redis type' } as const) : family.parse(key, value, expiresAt)
      if ('record' in parsed) records.push(parsed.record)
      else broken.push({ key, reason: parsed.broken })
    })
    return { records, broken }
  }

  /** Checks whether two records of the same key have the same pin: then the affinity was refreshed, not switched. */
  isSamePin(a: AffinityRecord, b: AffinityRecord): boolean {
    return (this.of(a.key)?.isSamePin ?? hasSamePin)(a, b)
  }
}

/** Returns a glob that matches every key with one of these prefixes, by what the prefixes have in common. */
function patternOfAll(roots: readonly string[]): string {
  const start = commonStart(roots)
  // What the beginning has is cut off first, since both may overlap in a short prefix.
  const end = commonEnd(roots.map((root) => root.slice(start.length)))
  return `${scanPattern(start)}${scanPattern(end)}`
}

/** Returns the longest common prefix: what stands before every key of the gateway. */
function commonStart([first = '', ...others]: readonly string[]): string {
  let length = first.length
  while (!others.every((text) => text.startsWith(first.slice(0, length)))) length -= 1
  return first.slice(0, length)
}

/** Returns the longest common suffix: `affinity:` of `cache_affinity:` and `scheduler_affinity:`. */
function commonEnd([first = '', ...others]: readonly string[]): string {
  let length = first.length
  while (!others.every((text) => text.endsWith(first.slice(first.length - length)))) length -= 1
  return first.slice(first.length - length)
}
