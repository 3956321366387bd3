import { ObjectColumn } from './columns.js'

/**
 * One Map of a million strings blocks for about 100 ms each time it doubles. Sixty-four of them double at their own
 * times, for a millisecond each. A few thousand fit in one, which then needs no look at the text.
 */
const SHARDS = 64
const ONE_SHARD_UP_TO = 4_096

/** Spreads texts over the shards by up to eight of their characters, the last among them. A poor spread is slower, never wrong. */
function shardOf(text: string): number {
  let hash = text.length
  const step = (hash >>> 3) + 1
  for (let at = hash - 1; at >= 0; at -= step) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0
  return (hash ^ (hash >>> 15)) & (SHARDS - 1)
}

/**
 * A copy that stands alone. In V8 a slice keeps its whole parent alive, so an id cut from a key, or a key cut from
 * a reply, would hold many times its own size. JSON is exact for every string, lone surrogates included.
 */
const standaloneCopy = (text: string): string => JSON.parse(JSON.stringify(text)) as string

/** Numbers strings densely: a small integer for each, free again when the string is removed. */
export class StringTable {
  #shards = [new Map<string, number>()]
  readonly #texts = new ObjectColumn<string>()
  readonly #free: number[] = []
  #limit = 0

  get size(): number {
    return this.#limit - this.#free.length
  }

  /** All ids in use are below it. */
  get limit(): number {
    return this.#limit
  }

  /** The id of a text, or -1. */
  find(text: string): number {
    return this.#shard(text).get(text) ?? -1
  }

  /** Whether an id, in use or not, is that of a text. */
  isText(id: number, text: string): boolean {
    return this.#texts.get(id) === text
  }

  /** Numbers a text that is not in the table. */
  add(text: string): number {
    const copy = standaloneCopy(text)
    return this.#addTo(this.#shard(copy), copy)
  }

  /** The id of a text, which is numbered where it is new; it must stand alone, as a key does that came as a reply of its own. */
  findOrAdopt(text: string): number {
    const shard = this.#shard(text)
    return shard.get(text) ?? this.#addTo(shard, text)
  }

  #addTo(shard: Map<string, number>, text: string): number {
    const id = this.#free.pop() ?? this.#limit++
    this.#texts.set(id, text)
    shard.set(text, id)
    if (this.#shards.length === 1 && this.size > ONE_SHARD_UP_TO) this.#split()
    return id
  }

  /** Forgets a text; its id will name another. */
  remove(id: number): void {
    const text = this.textOf(id)
    this.#shard(text).delete(text)
    this.#texts.set(id, undefined)
    this.#free.push(id)
  }

  textOf(id: number): string {
    const text = this.#texts.get(id)
    if (text === undefined) throw new RangeError(`No text has the id ${id}.`)
    return text
  }

  /** Each id in use, ascending. Texts may be added and removed meanwhile: those may or may not be seen. */
  *ids(): Generator<number, void, undefined> {
    for (let id = 0; id < this.#limit; id++) {
      if (this.#texts.get(id) !== undefined) yield id
    }
  }

  /** Each text in use, several times faster than by `ids`. Nothing may change meanwhile. */
  forEachText(visit: (text: string) => void): void {
    for (let id = 0; id < this.#limit; id++) {
      const text = this.#texts.get(id)
      if (text !== undefined) visit(text)
    }
  }

  #split(): void {
    const [all = []] = this.#shards
    this.#shards = Array.from({ length: SHARDS }, () => new Map<string, number>())
    for (const [text, id] of all) this.#shard(text).set(text, id)
  }

  #shard(text: string): Map<string, number> {
    const shard = this.#shards[this.#shards.length === 1 ? 0 : shardOf(text)]
    if (shard === undefined) throw new RangeError('A shard number lies outside the table.')
    return shard
  }
}
