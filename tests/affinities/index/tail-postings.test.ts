import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Bitmap } from '../../../src/affinities/index/bitmap.js'
import { Int32Rows } from '../../../src/affinities/index/columns.js'
import { IdTable } from '../../../src/affinities/index/id-table.js'
import { TailPostings } from '../../../src/affinities/index/tail-postings.js'

const LENGTH = 3

describe('postings whose values are the ends of keys', () => {
  it('hold the same slots and values as a map, whatever comes and goes', () => {
    const tail = fc.constantFrom('aaa', 'aab', 'abc', 'b:c', 'é模x', 'zzz', undefined)
    const step = fc.record({ slot: fc.nat(20), tail })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const keys: string[] = []
        const postings = new TailPostings((slot) => keys[slot] ?? '', LENGTH, new Int32Rows(1), 0)
        const held = new Map<number, string>()
        const live = new Set<number>()
        for (const { slot, tail } of steps) {
          if (live.delete(slot)) {
            postings.remove(slot)
            held.delete(slot)
            continue
          }
          live.add(slot)
          keys[slot] = `key ${slot} ${tail ?? 'has none'}`
          postings.add(slot, tail)
          if (tail !== undefined) held.set(slot, tail)
        }
        const values = [...new Set(held.values())].sort()
        expect(postings.size).toBe(values.length)
        expect([...postings.ids()].map((id) => postings.valueOf(id)).sort()).toEqual(values)
        expect(postings.valuesContaining('A').sort()).toEqual(values.filter((value) => value.includes('a')))
        for (const value of ['aaa', 'aab', 'abc', 'b:c', 'é模x', 'zzz', 'other', '']) {
          const id = postings.idOf(value)
          const slots = [...held].filter(([, other]) => other === value).map(([slot]) => slot)
          const set = new Bitmap(32)
          if (id >= 0) postings.addSlotsTo(set, id)
          expect([id >= 0, id >= 0 ? postings.count(id) : 0, set.count]).toEqual([
            slots.length > 0,
            slots.length,
            slots.length,
          ])
          expect(slots.every((slot) => set.has(slot) && postings.idAt(slot) === id)).toBe(true)
        }
        for (const slot of live) expect(postings.isValueAt(slot, held.get(slot))).toBe(true)
      }),
    )
  })

  it('refuse a value that its key does not end with', () => {
    const postings = new TailPostings(() => 'key abc', LENGTH, new Int32Rows(1), 0)
    expect(() => postings.add(0, 'abd')).toThrow(RangeError)
  })
})

describe('a table of ids', () => {
  it('finds each of 20,000 texts, and none that was deleted', () => {
    const texts = Array.from({ length: 20_000 }, (_, id) => `text ${id}`)
    const table = new IdTable((id) => texts[id] ?? '')
    for (const [id, text] of texts.entries()) table.insert(id, text)
    expect(texts.every((text, id) => table.find(text) === id)).toBe(true)
    texts.forEach((text, id) => {
      if (id % 3 === 0) table.delete(id, text)
    })
    expect(texts.every((text, id) => table.find(text) === (id % 3 === 0 ? -1 : id))).toBe(true)
    expect(table.find('text')).toBe(-1)
  })

  it('reads no other text to delete one, and each text once at most while it grows', () => {
    const texts = Array.from({ length: 20_000 }, (_, id) => `text ${id}`)
    let reads = 0
    const table = new IdTable((id) => {
      reads += 1
      return texts[id] ?? ''
    })
    for (const [id, text] of texts.entries()) table.insert(id, text)
    // A table that becomes large hashes the texts that it has anew.
    expect(reads).toBeLessThanOrEqual(4_096)
    reads = 0
    for (let id = 0; id < texts.length; id += 2) table.delete(id, texts[id] ?? '')
    expect(reads).toBe(0)
  })
})
