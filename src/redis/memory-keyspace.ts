/** A value of Redis's string or hash type. */
type StoredValue = string | Map<string, string>

interface Entry {
  readonly value: StoredValue
  /** Unix milliseconds; Infinity where the key does not expire. */
  readonly expiresAtMs: number
}

export type KeyspaceListener = (key: string) => void

/**
 * The embedded default's stand-in for Redis: strings and hashes under keys that expire for real.
 * Expired keys are never seen, and a sweep gives their memory back and announces them.
 */
export class MemoryKeyspace {
  readonly #entries = new Map<string, Entry>()
  readonly #listeners = new Set<KeyspaceListener>()
  readonly #now: () => number

  /** @param now Unix milliseconds; a test gives its own clock. */
  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  get(key: string): string | undefined {
    const value = this.#live(key)?.value
    return typeof value === 'string' ? value : undefined
  }

  /** What type of value a key holds now. */
  type(key: string): 'string' | 'hash' | 'none' {
    const value = this.#live(key)?.value
    return value === undefined ? 'none' : typeof value === 'string' ? 'string' : 'hash'
  }

  /** @param ttlSeconds more than 0; without it the key does not expire. */
  set(key: string, value: string, ttlSeconds = Number.POSITIVE_INFINITY): void {
    this.#entries.set(key, { value, expiresAtMs: this.#now() + ttlSeconds * 1_000 })
    this.#announce(key)
  }

  /** Remaining seconds, Infinity where the key does not expire, undefined where there is none. */
  ttlSeconds(key: string): number | undefined {
    const entry = this.#live(key)
    return entry && (entry.expiresAtMs - this.#now()) / 1_000
  }

  delete(key: string): boolean {
    const existed = this.#live(key) !== undefined
    this.#entries.delete(key)
    if (existed) this.#announce(key)
    return existed
  }

  /** Adds to a counter of a hash, which is made where it is missing. */
  increment(key: string, field: string, by: number): void {
    const value = this.#live(key)?.value
    if (typeof value === 'string') throw new TypeError(`${key} holds a string, not a hash`)
    const hash = value ?? new Map<string, string>()
    hash.set(field, String(Number(hash.get(field) ?? 0) + by))
    if (!value) this.#entries.set(key, { value: hash, expiresAtMs: Number.POSITIVE_INFINITY })
    this.#announce(key)
  }

  hash(key: string): ReadonlyMap<string, string> {
    const value = this.#live(key)?.value
    return value instanceof Map ? value : new Map()
  }

  /** The live keys that begin with a prefix. */
  *keys(prefix = ''): Generator<string> {
    for (const key of this.#entries.keys()) {
      if (key.startsWith(prefix) && this.#live(key)) yield key
    }
  }

  /** Calls back with each key that is set, changed, deleted or swept; returns the way to stop. */
  onChange(listener: KeyspaceListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Forgets what has expired. Returns how many keys went. */
  sweep(): number {
    const now = this.#now()
    const expired = [...this.#entries].filter(([, entry]) => entry.expiresAtMs <= now).map(([key]) => key)
    for (const key of expired) {
      this.#entries.delete(key)
      this.#announce(key)
    }
    return expired.length
  }

  #live(key: string): Entry | undefined {
    const entry = this.#entries.get(key)
    return entry && entry.expiresAtMs > this.#now() ? entry : undefined
  }

  #announce(key: string): void {
    for (const listener of this.#listeners) listener(key)
  }
}
