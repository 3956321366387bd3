/**
 * An LRU map: when it is full, the least recently used entries are removed. A use counts from when the map is half full; to
 * note each one takes ten times as long as to look the entry up.
 */
export interface Lru<K, V> {
  get(key: K): V | undefined
  set(key: K, value: V): void
  delete(key: K): void
  readonly size: number
}

/** A bound beside the number of entries, such as their bytes. */
export interface LruWeights<K, V> {
  /** The largest weight of all entries together. An entry that is heavier by itself is not kept. */
  readonly atMost: number
  /** Returns the weight of an entry, which must stay the same. */
  readonly of: (key: K, value: V) => number
}

/** @param maxEntries 1 or more */
export function createLru<K, V>(maxEntries: number, weights?: LruWeights<K, V>): Lru<K, V> {
  // A Map iterates in order of insertion, so its first key is the least recently used one.
  const entries = new Map<K, V>()
  let weight = 0

  const weightOf = (key: K, value: V): number => weights?.of(key, value) ?? 0
  const isOver = (): boolean =>
    entries.size > maxEntries || (weights !== undefined && weight > weights.atMost)

  const isHalfFull = (): boolean =>
    2 * entries.size > maxEntries || (weights !== undefined && 2 * weight > weights.atMost)

  function remove(key: K): void {
    const value = entries.get(key)
    if (value !== undefined) weight -= weightOf(key, value)
    entries.delete(key)
  }

  return {
    get(key) {
      const value = entries.get(key)
      if (value !== undefined && isHalfFull()) {
        entries.delete(key)
        entries.set(key, value)
      }
      return value
    },
    set(key, value) {
      remove(key)
      entries.set(key, value)
      weight += weightOf(key, value)
      for (const oldest of entries.keys()) {
        if (!isOver()) break
        remove(oldest)
      }
    },
    delete: remove,
    get size() {
      return entries.size
    },
  }
}
