import { slotOf } from '../util/digest-set.js'
import { TimeSlice } from '../util/time-slice.js'
import type { Spread } from './group-times.js'
import { type SortedIntervals, sortedChunks, spreadOfSorted } from './interval-spread.js'
import { LEAST_INTERVALS } from './usage-chains.js'

/**
 * What chains of requests tell of the requests of a unit that one provider key answered. A chain is known by 64 bits: among ten
 * million of them two share these once in some 370,000 times.
 */
export interface ChainsOfKey {
  /** Null where the rows name none. */
  readonly key: string | null
  readonly requests: number
  /** Microseconds to the next request of the chain, as far as that is of the unit and names a key, too; the shortest first. */
  readonly inside: Uint32Array
  /** Requests that are the first of their chains in the unit, but not the last: for each the bits of its chain, low and high, and microseconds since the start. */
  readonly firsts: Uint32Array
  /** The last ones, which are not the first. */
  readonly lasts: Uint32Array
  /** Those that are both. */
  readonly onlys: Uint32Array
}

/** What chains of requests tell of a unit, by provider key: some 4 to 14 bytes a request. */
export interface KeyChains {
  /** The start of the unit in microseconds since 1970. */
  readonly from: number
  readonly keys: readonly (string | null)[]
  /** For each key its requests, and how many of the numbers are of each kind. */
  readonly counts: Uint32Array
  /** The numbers of one key after the other, each kind after the other. */
  readonly numbers: Uint32Array
}

const KINDS = ['inside', 'firsts', 'lasts', 'onlys'] as const
const BYTES_OF_KEY = 80

/** About what chains take in memory. */
export const bytesOfChains = ({ keys, counts, numbers }: KeyChains): number =>
  300 + keys.length * BYTES_OF_KEY + counts.byteLength + numbers.byteLength

/** Puts what is told of provider keys together. Intervals may come in any order. */
export function packChains(from: number, groups: readonly ChainsOfKey[]): KeyChains {
  const counts = new Uint32Array(groups.length * (1 + KINDS.length))
  const numbers = new Uint32Array(
    groups.reduce((sum, group) => sum + KINDS.reduce((all, kind) => all + group[kind].length, 0), 0),
  )
  let [count, at] = [0, 0]
  for (const group of groups) {
    counts[count++] = group.requests
    for (const kind of KINDS) {
      counts[count++] = group[kind].length
      numbers.set(group[kind], at)
      if (kind === 'inside') numbers.subarray(at, at + group[kind].length).sort()
      at += group[kind].length
    }
  }
  return { from, keys: groups.map(({ key }) => key), counts, numbers }
}

function* groupsOf({ keys, counts, numbers }: KeyChains): Generator<ChainsOfKey> {
  let [count, at] = [0, 0]
  for (const key of keys) {
    const requests = counts[count++] ?? 0
    const next = () => {
      const from = at
      at += counts[count++] ?? 0
      return numbers.subarray(from, at)
    }
    yield { key, requests, inside: next(), firsts: next(), lasts: next(), onlys: next() }
  }
}

/** Ends of chains that are followed at the same time: some 40 MB. */
const ENDS_AT_ONCE = 1_000_000
/** Numbers that tell of one end of a chain. */
const OF_END = 3
/** A key with fewer intervals than so many a unit has them sorted together. */
const FEW_A_UNIT = 64

/** What is found of a key. */
class KeyIntervals {
  requests = 0
  readonly #inside: Uint32Array[] = []
  /** Intervals from the last request of a chain in a unit to the first in a later one. */
  #between = new Float64Array(0)
  #room = 0
  #count = 0

  add({ requests, inside, lasts, onlys }: ChainsOfKey): void {
    this.requests += requests
    if (inside.length > 0) this.#inside.push(inside)
    this.#room += (lasts.length + onlys.length) / OF_END
  }

  addBetween(interval: number): void {
    if (this.#count === 0) this.#between = new Float64Array(this.#room)
    this.#between[this.#count++] = interval
  }

  get intervals(): number {
    return this.#inside.reduce((sum, { length }) => sum + length, this.#count)
  }

  async sorted(slice: TimeSlice): Promise<SortedIntervals[]> {
    const between = this.#between.subarray(0, this.#count)
    if (this.intervals > FEW_A_UNIT * this.#inside.length)
      return [...this.#inside, ...(await sortedChunks(between, slice))]
    const all = new Float64Array(this.intervals)
    all.set(between)
    let at = this.#count
    for (const inside of this.#inside) {
      all.set(inside, at)
      at += inside.length
    }
    return sortedChunks(all, slice)
  }
}

/**
 * The intervals between neighbours in chains, by the provider key that answered the first, of each key with enough of them.
 * @param units oldest first
 * @param atOnce so many ends of chains are followed at the same time, about
 */
export async function spreadsOfKeys(
  units: readonly KeyChains[],
  atOnce: number = ENDS_AT_ONCE,
): Promise<Spread[]> {
  const slice = new TimeSlice()
  const found = new Map<string | null, KeyIntervals>()
  let ends = 0
  for (const unit of units) {
    for (const group of groupsOf(unit)) {
      const known = found.get(group.key) ?? new KeyIntervals()
      known.add(group)
      found.set(group.key, known)
      ends += (group.lasts.length + group.onlys.length) / OF_END
    }
    if (slice.isOver()) await slice.next()
  }
  // Each pass follows some of the chains through all units.
  const passes = Math.max(1, Math.ceil(ends / atOnce))
  for (let pass = 0; pass < passes; pass += 1) await followChains(units, found, { passes, pass }, slice)
  const spreads: Spread[] = []
  for (const [key, known] of found) {
    const { requests, intervals } = known
    if (key !== null && intervals >= LEAST_INTERVALS)
      spreads.push({ key, requests, ...spreadOfSorted(await known.sorted(slice)) })
    if (slice.isOver()) await slice.next()
  }
  return spreads
}

/** Finds the intervals between units of each chain whose high bits, divided by the passes, leave the number of this one. */
async function followChains(
  units: readonly KeyChains[],
  found: ReadonlyMap<string | null, KeyIntervals>,
  { passes, pass }: { readonly passes: number; readonly pass: number },
  slice: TimeSlice,
): Promise<void> {
  const each = (ends: Uint32Array, see: (low: number, high: number, time: number) => void) =>
    slice.blocks(ends.length / OF_END, (from, to) => {
      for (let at = OF_END * from; at < OF_END * to; at += OF_END) {
        const high = ends[at + 1] || 1
        if (high % passes === pass) see(ends[at] ?? 0, high, ends[at + 2] ?? 0)
      }
    })
  let count = 0
  for (const unit of units)
    for (const { lasts, onlys } of groupsOf(unit))
      for (const ended of [lasts, onlys]) await each(ended, () => (count += 1))

  const keys = [...found.values()]
  const places = new Map([...found.keys()].map((key, place) => [key, place]))
  const slots = 2 ** Math.ceil(Math.log2(2 * count + 2))
  const chains = new Uint32Array(2 * slots)
  /** When the last request of each chain was, in microseconds since 1970, and the place of its key. */
  const times = new Float64Array(slots)
  const answered = new Uint32Array(slots)
  for (const unit of units) {
    for (const { key, firsts, onlys } of groupsOf(unit)) {
      if (key === null) continue
      for (const begun of [firsts, onlys])
        await each(begun, (low, high, time) => {
          const slot = slotOf(chains, low, high)
          if (chains[2 * slot + 1] === 0) return
          keys[answered[slot] ?? 0]?.addBetween(unit.from + time - (times[slot] ?? 0))
        })
    }
    for (const { key, lasts, onlys } of groupsOf(unit)) {
      const place = places.get(key) ?? 0
      for (const ended of [lasts, onlys])
        await each(ended, (low, high, time) => {
          const slot = slotOf(chains, low, high)
          chains[2 * slot] = low
          chains[2 * slot + 1] = high
          times[slot] = unit.from + time
          answered[slot] = place
        })
    }
  }
}
