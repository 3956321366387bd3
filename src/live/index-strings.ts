import { ObjectColumn } from './index-columns.js'

/**
 * One Map of a million strings blocks for about 100 ms each time it doubles. Sixty-four of them double at their own
 * times, for a millisecond each.
 */
const SHARDS = 64
const SAMPLES = 8

/** Spreads texts over the shards by a few of their characters. A poor spread is slower, never wrong. */
function shardOf(text: string): number {
  const last = text.length - 1
  let hash = text.length
  for (let sample = 0; sample < SAMPLES; sample++) {
    hash = (Math.imul(hash, 31) + text.charCodeAt(Math.floor((last * sample) / (SAMPLES - 1)))) | 0
  }
  return (hash ^ (hash >>> 15)) & (SHARDS - 1)
}

/**
 * A copy that stands alone. In V8 a slice keeps its whole parent alive, so an id cut from a key, or a key cut from
 * a reply, would hold many times its own size. JSON is exact for every string, lone surrogates included.
 */
const standaloneCopy = (text: string): string => JSON.parse(JSON.stringify(text)) as string

/** Numbers strings densely: a small integer for each, free again when the string is removed. */
export class StringTable {
  readonly #shards = Array.from({ length: SHARDS }, () => new Map<string, number>())
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

  /** Numbers a text that is not in the table. */
  add(text: string): number {
    const id = this.#free.pop() ?? this.#limit++
    const copy = standaloneCopy(text)
    this.#texts.set(id, copy)
    this.#shard(copy).set(copy, id)
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

  #shard(text: string): Map<string, number> {
    const shard = this.#shards[shardOf(text)]
    if (shard === undefined) throw new RangeError('A shard number lies outside the table.')
    return shard
  }
}
