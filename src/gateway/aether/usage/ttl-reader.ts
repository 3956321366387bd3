import type { Rows } from '../../../postgres/long-read.js'
import { type GroupTimes, packTimes, type Spread, spreadsOf } from '../../../usage/group-times.js'
import {
  adviceQuestion,
  type BandOfGroup,
  type KeptAdvice,
  type KeysOfUnit,
} from '../../../usage/kept-advice.js'
import { type ChainsOfKey, packChains, spreadsOfKeys } from '../../../usage/key-chains.js'
import { chainUnitsOf, periodOf, type Unit, unitsOf } from '../../../usage/units.js'
import { type Band, TTL_OPTIONS, type TtlAnswer, type TtlQuery } from '../../../usage/usage-chains.js'
import type { Period } from '../../../usage/usage-rows.js'
import type { Look } from '../look.js'
import type { ChainRun } from './chain-rows.js'
import { readKeySettings, ttlOf } from './pin-ttls.js'
import {
  bandsOfUnits,
  canAdvise,
  chainsOfUnits,
  HALF_AN_HOUR_US,
  LONGEST,
  timesOfUnits,
} from './ttl-statement.js'
import { knownOf, readUnknown, type UnitReading } from './unit-runs.js'
import type { SettlementsFound } from './usage-columns.js'
import type { UsageStatement, UsageStatements } from './usage-statements.js'

/** How long before a unit the neighbours of its bands may begin. */
const LEAD_MS = LONGEST * 60_000

/** How rows are read for an answer. */
interface Reading {
  readonly look: Look
  readonly kept: KeptAdvice
  readonly query: TtlQuery
  readonly signal: AbortSignal
}

type Groups = TtlAnswer['groups']

/**
 * Reads intervals and what was read after them, and keeps it of units that are over.
 * @param settlementsOf how settlement rows of a period are found
 */
export function createTtlReader(
  statements: Pick<UsageStatements, 'check' | 'plan' | 'run' | 'runEach'>,
  settlementsOf: (look: Look, period: Period) => Promise<SettlementsFound>,
) {
  /** The statement that reads units of chains, with the rows before them that their neighbours may begin with. */
  const readingChains =
    (
      { look, query }: Reading,
      statementOf: (look: Look, query: TtlQuery, run: ChainRun, found: SettlementsFound) => UsageStatement,
    ): UnitReading['statementOf'] =>
    async (units) => {
      const { since, until } = periodOf(units)
      const from = new Date(Math.max(query.since.getTime(), since.getTime() - LEAD_MS))
      return statementOf(look, query, { units, from }, await settlementsOf(look, { since: from, until }))
    }

  /** Groups whose intervals are those between consecutive requests. */
  async function groupsByTimes(reading: Reading): Promise<Groups> {
    const { look, kept, query, signal } = reading
    const question = adviceQuestion(query)
    const chainUnits = chainUnitsOf(query, LEAD_MS)
    const bands = knownOf(kept.bands, question, chainUnits, bandsOf, readingChains(reading, bandsOfUnits))
    // Times are packed by the hour.
    const units = unitsOf({ ...query, by: 'HOUR' })
    const times = knownOf(kept.times, question, units, timesOf, async (of) => timesOfUnits(look, query, of))
    await readUnknown(statements, [bands.reading, times.reading], signal)
    const ofGroups = bandsOfGroups(bands.values().map(([, found]) => found))
    const spreads = await spreadsOf(times.values().map(([, found]) => found))
    return spreads.map((spread) => ({ ...spread, currentMinutes: null, bands: ofGroups(spread.key) }))
  }

  /** Groups whose intervals are those between neighbours in chains. */
  async function groupsByChains(reading: Reading): Promise<Groups> {
    const { look, kept, query, signal } = reading
    const units = chainUnitsOf({ ...query, by: 'HOUR' }, LEAD_MS)
    const statementOf = readingChains(reading, chainsOfUnits)
    const keys = knownOf(kept.keys, adviceQuestion(query), units, keysOf, statementOf)
    const settings = await readKeySettings(statements, look, signal)
    await readUnknown(statements, [keys.reading], signal)
    const found = keys.values().map(([, value]) => value)
    const ofGroups = bandsOfGroups(found.map(({ bands }) => bands))
    const spreads: Spread[] = await spreadsOfKeys(found.map(({ chains }) => chains))
    return spreads.map((spread) => ({
      ...spread,
      currentMinutes: ttlOf(settings, spread.key),
      bands: ofGroups(spread.key),
    }))
  }

  /** Null where the tables lack what the question needs. */
  return async (
    look: Look,
    kept: KeptAdvice,
    query: TtlQuery,
    signal: AbortSignal,
  ): Promise<TtlAnswer | null> => {
    if (!canAdvise(look, query)) return null
    const reading: Reading = { look, kept, query, signal }
    return {
      ttlIsFixed: look.generation === 'PROCESS_MEMORY',
      groups: await (query.by === 'PROVIDER_KEY' ? groupsByChains(reading) : groupsByTimes(reading)),
    }
  }
}

function timesOf(rows: Rows, units: readonly Unit[]): GroupTimes[] {
  const groups = units.map((): [string, Uint32Array][] => [])
  for (const [place, keys, counts, base64] of rows) {
    const [names, numbers]: [string[], number[]] = [JSON.parse(String(keys)), JSON.parse(String(counts))]
    const packed = Buffer.from(String(base64), 'base64')
    let from = 0
    for (const [at, name] of names.entries()) {
      const times = timesIn(packed.subarray(4 * from, 4 * (from + (numbers[at] ?? 0))))
      from += times.length
      groups[Number(place) - 1]?.push([name, times])
    }
  }
  return units.map(({ since }, at) => packTimes(microseconds(since), groups[at] ?? []))
}

const microseconds = (date: Date): number => date.getTime() * 1_000

/** Times of four bytes each. */
function timesIn(packed: Buffer): Uint32Array {
  const times = new Uint32Array(packed.length / 4)
  for (let n = 0; n < times.length; n += 1) times[n] = packed.readInt32BE(4 * n) + HALF_AN_HOUR_US
  return times
}

/** Ends of chains of 8 bytes for the chain and 4 for the time: low bits, high bits and time of each. */
function endsIn(packed: Buffer): Uint32Array {
  const ends = new Uint32Array(packed.length / 4)
  for (let n = 0; n < ends.length; n += 3) {
    ends[n] = packed.readUInt32BE(4 * n + 4)
    ends[n + 1] = packed.readUInt32BE(4 * n)
    ends[n + 2] = packed.readInt32BE(4 * n + 8) + HALF_AN_HOUR_US
  }
  return ends
}

function keysOf(rows: Rows, units: readonly Unit[]): KeysOfUnit[] {
  const groups = units.map((): ChainsOfKey[] => [])
  const bands = units.map((): BandOfGroup[] => [])
  // The same text of a key in each unit would be as large as its numbers.
  const names = new Map<string, string>()
  for (const [place, name, requests, inside, firsts, lasts, onlys, ...figures] of rows) {
    const at = Number(place) - 1
    const key = name === null || name === undefined ? null : nameOnce(names, String(name))
    const bytes = (base64: typeof inside) => Buffer.from(String(base64 ?? ''), 'base64')
    groups[at]?.push({
      key,
      requests: Number(requests),
      inside: timesIn(bytes(inside)),
      firsts: endsIn(bytes(firsts)),
      lasts: endsIn(bytes(lasts)),
      onlys: endsIn(bytes(onlys)),
    })
    if (key === null) continue
    for (const band of TTL_OPTIONS.keys()) {
      const [neighbours = 0, readTokens = 0, inputTokens = 0] = figures
        .slice(3 * band, 3 * band + 3)
        .map(Number)
      if (neighbours > 0) bands[at]?.push({ key, band, neighbours, readTokens, inputTokens })
    }
  }
  return units.map(({ since }, at) => ({
    chains: packChains(microseconds(since), groups[at] ?? []),
    bands: bands[at] ?? [],
  }))
}

function nameOnce(names: Map<string, string>, name: string): string {
  const known = names.get(name)
  if (known === undefined) names.set(name, name)
  return known ?? name
}
function bandsOf(rows: Rows, units: readonly Unit[]): BandOfGroup[][] {
  const found = units.map((): BandOfGroup[] => [])
  for (const [place, key, ...figures] of rows) {
    const [band = 0, neighbours = 0, readTokens = 0, inputTokens = 0] = figures.map(Number)
    found[Number(place) - 1]?.push({ key: String(key), band, neighbours, readTokens, inputTokens })
  }
  return found
}

const NO_NEIGHBOURS: Band = { neighbours: 0, readTokens: 0, inputTokens: 0 }

/** Adds up the bands of each group over units. */
function bandsOfGroups(units: readonly (readonly BandOfGroup[])[]): (key: string) => readonly Band[] {
  const groups = new Map<string, Band[]>()
  for (const { key, band, neighbours, readTokens, inputTokens } of units.flat()) {
    const bands = groups.get(key) ?? TTL_OPTIONS.map(() => NO_NEIGHBOURS)
    groups.set(key, bands)
    const known = bands[band] ?? NO_NEIGHBOURS
    bands[band] = {
      neighbours: known.neighbours + neighbours,
      readTokens: known.readTokens + readTokens,
      inputTokens: known.inputTokens + inputTokens,
    }
  }
  return (key) => groups.get(key) ?? TTL_OPTIONS.map(() => NO_NEIGHBOURS)
}
