import type { Rows } from '../../../postgres/long-read.js'
import type { ChainLook } from './chain-rows.js'
import type { UsageStatement } from './usage-statements.js'

/** Minutes that a pin lasts where nothing else is known. */
export const DEFAULT_TTL_MINUTES = 5
const PROVIDER_KEYS = 'provider_api_keys'

/** The TTL in minutes of the pins to a provider key, whose row is called `keys`. */
export const ttlMinutes = ({ generation, mayRead }: ChainLook): string =>
  generation !== 'PROCESS_MEMORY' && mayRead(PROVIDER_KEYS, 'id', 'cache_ttl_minutes')
    ? `COALESCE(keys.cache_ttl_minutes, ${DEFAULT_TTL_MINUTES})`
    : `${DEFAULT_TTL_MINUTES}`

/** Joins the rows of provider keys as `keys`, if they can be read. */
export const joinKeys = ({ mayRead }: ChainLook, id: string): string =>
  mayRead(PROVIDER_KEYS, 'id') ? `LEFT JOIN ${PROVIDER_KEYS} AS keys ON keys.id::text = ${id}` : ''

/** What provider keys are set to now. */
export interface KeySettings {
  /** The TTLs in minutes that are not the default, by provider key, in the order of the keys. */
  readonly ttls: ReadonlyMap<string, number>
  readonly inactive: ReadonlySet<string>
}

/** The statement that reads the provider keys with a TTL of their own, and those that are inactive; undefined where none can be read. */
export function keySettings(look: ChainLook): UsageStatement | undefined {
  if (!look.mayRead(PROVIDER_KEYS, 'id')) return undefined
  const isInactive = look.mayRead(PROVIDER_KEYS, 'id', 'is_active') ? 'keys.is_active IS FALSE' : 'false'
  return {
    sql: `
  SELECT id, ttl::float8, is_inactive::int::float8
    FROM (SELECT keys.id::text AS id, ${ttlMinutes(look)} AS ttl, ${isInactive} AS is_inactive FROM ${PROVIDER_KEYS} AS keys) AS set_now
   WHERE ttl <> ${DEFAULT_TTL_MINUTES} OR is_inactive
   ORDER BY id COLLATE "C"`,
    args: [],
  }
}

export function keySettingsOf(rows: Rows): KeySettings {
  const keys = rows.map(([id, ttl, isInactive]) => ({
    id: String(id),
    ttl: Number(ttl),
    isInactive: Number(isInactive) === 1,
  }))
  return {
    ttls: new Map(keys.filter(({ ttl }) => ttl !== DEFAULT_TTL_MINUTES).map(({ id, ttl }) => [id, ttl])),
    inactive: new Set(keys.filter(({ isInactive }) => isInactive).map(({ id }) => id)),
  }
}

/** The longest time in minutes that two neighbours may be apart and still be a pair. */
export const longestTtl = ({ ttls }: Pick<KeySettings, 'ttls'>): number =>
  Math.max(DEFAULT_TTL_MINUTES, ...ttls.values())
