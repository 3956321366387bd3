/** A stored value: a string or a hash of Redis. */
type StoredValue = string | Map<string, string>

interface Entry {
  readonly value: StoredValue
  /** Unix milliseconds; Infinity if the key does not expire. */
  readonly expiresAtMs: number
}

export type KeyspaceListener = (key: string) => void

/**
 * An in-memory substitute for Redis, the default without one: strings and hashes with a TTL.
 * An expired key is hidden at once; a sweep frees its memory and reports it as changed.
 */
export class MemoryKeyspace {
  readonly #entries = new Map<string, Entry>()
  readonly #listeners = new Set<KeyspaceListener>()
  readonly #now: () => number

  /** @param now returns Unix milliseconds */
  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  /** Returns the time by which keys expire, in Unix milliseconds. */
  now(): number {
    return this.#now()
  }

  get(key: string): string | undefined {
    const value = this.#live(key)?.value
    return typeof value === 'string' ? value : undefined
  }

  /** Returns the type of a key's value. */
  type(key: string): 'string' | 'hash' | 'none' {
    const value = this.#live(key)?.value
    return value === undefined ? 'none' : typeof value === 'string' ? 'string' : 'hash'
  }

  /** @param ttlSeconds more than 0; without it the key does not expire */
  set(key: string, value: string, ttlSeconds = Number.POSITIVE_INFINITY): void {
    this.#entries.set(key, { value, expiresAtMs: Math.round(this.#now() + ttlSeconds * 1_000) })
    this.#announce(key)
  }

  /** Returns the remaining seconds; Infinity if the key does not expire, undefined if there is no such key. */
  ttlSeconds(key: string): number | undefined {
    const entry = this.#live(key)
    return entry && (entry.expiresAtMs - this.#now()) / 1_000
  }

  /** Returns when the key expires, in Unix milliseconds; Infinity if never, undefined if there is no such key. */
  expiresAtMs(key: string): number | undefined {
    return this.#live(key)?.expiresAtMs
  }

  delete(key: string): boolean {
    const existed = this.#live(key) !== undefined
    this.#entries.delete(key)
    if (existed) this.#announce(key)
    return existed
  }

  /** Adds to a counter in a hash, which is created if it does not exist. */
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

  /** Yields the live keys that begin with a prefix. */
  *keys(prefix = ''): Generator<string> {
    for (const key of this.#entries.keys()) {
      if (key.startsWith(prefix) && this.#live(key)) yield key
    }
  }

  /** Calls back with each key that is set, changed, deleted or swept. @returns a function that removes the listener */
  onChange(listener: KeyspaceListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Removes expired keys. @returns how many */
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
