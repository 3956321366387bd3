import { bytesOf, type GroupTimes } from './group-times.js'
import { createKeptUnits, type KeptUnits } from './kept-units.js'
import { bytesOfChains, type KeyChains } from './key-chains.js'
import type { Band, TtlQuery } from './usage-chains.js'
import { filterText } from './usage-rows.js'

/** Bytes of the times of all units together, and of what chains tell of provider keys. */
const MOST_TIMES = 24 * 2 ** 20
const MOST_CHAINS = 32 * 2 ** 20
/** Bands of all units together. */
const MOST_BANDS = 100_000

const BYTES_OF_BAND = 60

/** Neighbours of a group in one band. */
export interface BandOfGroup extends Band {
  readonly key: string
  /** The place of the option among `TTL_OPTIONS`. */
  readonly band: number
}

/** What was read of a unit for advice by provider key. */
export interface KeysOfUnit {
  readonly chains: KeyChains
  readonly bands: readonly BandOfGroup[]
}

/** What was read for advice of hours and days that are over. */
export interface KeptAdvice {
  readonly times: KeptUnits<GroupTimes>
  readonly bands: KeptUnits<readonly BandOfGroup[]>
  readonly keys: KeptUnits<KeysOfUnit>
}

export const createKeptAdvice = (): KeptAdvice => ({
  times: createKeptUnits(MOST_TIMES, bytesOf),
  bands: createKeptUnits(MOST_BANDS, ({ length }) => length + 1),
  keys: createKeptUnits(
    MOST_CHAINS,
    ({ chains, bands }) => bytesOfChains(chains) + BYTES_OF_BAND * bands.length,
  ),
})

/** Equal for questions whose units say the same. */
export const adviceQuestion = ({ by, filter }: Pick<TtlQuery, 'by' | 'filter'>): string =>
  JSON.stringify([by, filterText(filter)])
