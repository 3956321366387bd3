import type { TtlAdviceGrouping, UsageGrouping } from '../../generated/graphql.js'
import { oneOf, readerOf, type Unreadable } from '../affinities/address.js'

/** The periods that the page offers, in hours. */
export const PERIODS = { '1h': 1, '6h': 6, '24h': 24, '7d': 7 * 24, '31d': 31 * 24 } as const
export type Period = keyof typeof PERIODS
export const PERIOD_NAMES = Object.keys(PERIODS) as Period[]

/** So many groups of each kind are listed at most. */
export const MOST_GROUPS = 1_000

/** A chart has room for the days of a month, and the hours of a week. */
export const bucketOf = (period: Period) => (period === '31d' ? 'DAY' : 'HOUR')
export type Bucket = ReturnType<typeof bucketOf>

/** What hit rates are told by, by the parameter of `/affinities` that selects one group. */
export const GROUPINGS = {
  provider: 'PROVIDER',
  'provider-key': 'PROVIDER_KEY',
  model: 'MODEL',
  user: 'USER',
  key: 'API_KEY',
  format: 'API_FORMAT',
} as const satisfies Record<string, UsageGrouping>
export type Grouping = keyof typeof GROUPINGS
export const GROUPING_NAMES = Object.keys(GROUPINGS) as Grouping[]

/** What TTLs are advised for. */
export const TTL_GROUPINGS = {
  'provider-key': 'PROVIDER_KEY',
  user: 'USER',
  key: 'API_KEY',
} as const satisfies Record<string, TtlAdviceGrouping>
export type TtlGrouping = keyof typeof TTL_GROUPINGS
export const TTL_GROUPING_NAMES = Object.keys(TTL_GROUPINGS) as TtlGrouping[]

export interface SavingsView {
  readonly period: Period
  readonly by: Grouping
  readonly ttl: TtlGrouping
  /** The id of the user whose pauses are shown. */
  readonly user: string | null
}

const PARAMETERS = ['period', 'by', 'ttl', 'user'] as const satisfies readonly (keyof SavingsView)[]

/** Reads the whole state of the page from its address. */
export function readSavingsAddress(params: URLSearchParams): {
  readonly view: SavingsView
  readonly unreadable: readonly Unreadable[]
} {
  const { read, unreadable, noteUnknown } = readerOf(params)
  const view: SavingsView = {
    period: read('period', PERIOD_NAMES, oneOf(PERIOD_NAMES)) ?? '24h',
    by: read('by', GROUPING_NAMES, oneOf(GROUPING_NAMES)) ?? 'provider',
    ttl: read('ttl', TTL_GROUPING_NAMES, oneOf(TTL_GROUPING_NAMES)) ?? 'provider-key',
    user: read('user', ['…'], (id) => id) ?? null,
  }
  noteUnknown(PARAMETERS)
  return { view, unreadable }
}

const HOUR_MS = 3_600_000

/** A period as the API takes it. Its end is named, so that asking again asks the same. */
export interface Times extends Record<string, unknown> {
  readonly since: string
  readonly until: string
}

/** Returns the period that ends now, and the one before it. */
export function timesOf(period: Period, now: number): { readonly these: Times; readonly before: Times } {
  const length = PERIODS[period] * HOUR_MS
  const at = (ms: number) => new Date(ms).toISOString()
  return {
    these: { since: at(now - length), until: at(now) },
    before: { since: at(now - 2 * length), until: at(now - length) },
  }
}
