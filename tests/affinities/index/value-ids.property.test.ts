/** A set of so many values that their ids are remembered selects what a list of records does, whatever changes meanwhile. */
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import type { DimensionSets } from '../../../src/affinities/affinity-selection.js'
import { Int32Rows } from '../../../src/affinities/index/columns.js'
import { Disjunction, type PostingsByDimension } from '../../../src/affinities/index/plan-selection.js'
import { Postings } from '../../../src/affinities/index/postings.js'
import { prepareIds } from '../../../src/affinities/index/value-ids.js'
import { TimeSlice } from '../../../src/util/time-slice.js'

const SLOTS = 5_200
const VALUES = 9_000

type Values = readonly [affinityKey: string, providerKeyId: string]

/** Spreads over all values, each time in the same way. */
const named = (seed: number, slot: number) => `value-${(slot * 7_919 + seed * 104_729) % VALUES}`
const valuesOf = (seed: number, slot: number): Values => [named(seed, slot), named(seed + 1, slot)]

/** Records with two dimensions, in postings and in a plain list. */
class Records {
  readonly #ids = new Int32Rows(2)
  readonly #affinityKeys = new Postings(this.#ids, 0)
  readonly #providerKeys = new Postings(this.#ids, 1)
  readonly #list = new Map<number, Values>()

  constructor() {
    for (let slot = 0; slot < SLOTS; slot += 1) this.put(slot, valuesOf(1, slot))
  }

  put(slot: number, values: Values): void {
    this.remove(slot)
    this.#affinityKeys.add(slot, values[0])
    this.#providerKeys.add(slot, values[1])
    this.#list.set(slot, values)
  }

  remove(slot: number): void {
    if (!this.#list.delete(slot)) return
    this.#affinityKeys.remove(slot)
    this.#providerKeys.remove(slot)
  }

  async prepare(values: ReadonlySet<string>): Promise<void> {
    const both = [this.#affinityKeys, this.#providerKeys]
    await Promise.all(both.map((postings) => prepareIds(postings, values, new TimeSlice())))
  }

  expectSame(sets: Pick<DimensionSets, 'affinityKey' | 'providerKeyId'>): void {
    const wanted = new Set<number>()
    for (const [slot, [affinityKey, providerKeyId]] of this.#list)
      if (sets.affinityKey?.has(affinityKey) || sets.providerKeyId?.has(providerKeyId)) wanted.add(slot)
    const dimensions = { affinityKey: this.#affinityKeys, providerKeyId: this.#providerKeys }
    const selected = new Disjunction(dimensions as unknown as PostingsByDimension, sets)
    const found: number[] = []
    selected.forEach((slot) => {
      found.push(slot)
    })
    expect(found).toHaveLength(wanted.size)
    expect(new Set(found)).toEqual(wanted)
    expect(new Set([...this.#list.keys()].filter((slot) => selected.has(slot)))).toEqual(wanted)
    if (selected.isSimple) expect(selected.total).toBe(wanted.size)
  }
}

const changes = fc.array(
  fc.record({
    kind: fc.constantFrom('put', 'remove'),
    isPreparing: fc.boolean(),
    from: fc.nat(SLOTS - 1),
    count: fc.oneof(fc.nat(40), fc.nat(SLOTS)),
    seed: fc.nat(1_000),
  }),
  { minLength: 1, maxLength: 6 },
)
const wantedValues = fc
  .record({ size: fc.integer({ min: 4_000, max: 8_000 }), from: fc.nat(1_000) })
  .map(({ size, from }) => new Set(Array.from({ length: size }, (_, n) => `value-${from + n}`)))

it('finds the records of very many values as a list does', async () => {
  await fc.assert(
    fc.asyncProperty(changes, wantedValues, async (steps, values) => {
      const [records, others] = [new Records(), new Records()]
      const expectSame = () => {
        // One set stands for different ids in each dimension of each index.
        for (const either of [records, others]) {
          either.expectSame({ affinityKey: values })
          either.expectSame({ providerKeyId: values })
          either.expectSame({ affinityKey: values, providerKeyId: values })
        }
      }
      expectSame()
      for (const { kind, isPreparing, from, count, seed } of steps) {
        const prepared = isPreparing ? records.prepare(values) : undefined
        for (let slot = from; slot < Math.min(from + count, SLOTS); slot += 1) {
          if (kind === 'remove') records.remove(slot)
          else records.put(slot, valuesOf(seed, slot))
        }
        await prepared
        expectSame()
      }
    }),
    { numRuns: 10 },
  )
})
