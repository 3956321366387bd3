import type { Rows } from '../../../postgres/long-read.js'
import type { ChainLook } from './chain-rows.js'
import type { UsageStatement, UsageStatements } from './usage-statements.js'

/** Minutes that a pin lasts where nothing else is known. */
export const DEFAULT_TTL_MINUTES = 5
const PROVIDER_KEYS = 'provider_api_keys'

/** The TTL in minutes of the pins to a provider key, whose row is called `keys`. */
const ttlMinutes = ({ generation, mayRead }: ChainLook): string =>
  generation !== 'PROCESS_MEMORY' && mayRead(PROVIDER_KEYS, 'id', 'cache_ttl_minutes')
    ? `COALESCE(keys.cache_ttl_minutes, ${DEFAULT_TTL_MINUTES})`
    : `${DEFAULT_TTL_MINUTES}`

/** What provider keys are set to now. */
export interface KeySettings {
  /** The keys that there are. */
  readonly ids: ReadonlySet<string>
  /** The TTLs in minutes that are not the default, by provider key, in the order of the keys. */
  readonly ttls: ReadonlyMap<string, number>
  readonly inactive: ReadonlySet<string>
}

/** The statement that reads what provider keys are set to; undefined where none can be read. */
export function keySettings(look: ChainLook): UsageStatement | undefined {
  if (!look.mayRead(PROVIDER_KEYS, 'id')) return undefined
  const isInactive = look.mayRead(PROVIDER_KEYS, 'id', 'is_active') ? 'keys.is_active IS FALSE' : 'false'
  return {
    sql: `
  SELECT keys.id::text, (${ttlMinutes(look)})::float8, (${isInactive})::int::float8
    FROM ${PROVIDER_KEYS} AS keys
   ORDER BY keys.id::text COLLATE "C"`,
    args: [],
  }
}

function keySettingsOf(rows: Rows): KeySettings {
  const keys = rows.map(([id, ttl, isInactive]) => ({
    id: String(id),
    ttl: Number(ttl),
    isInactive: Number(isInactive) === 1,
  }))
  return {
    ids: new Set(keys.map(({ id }) => id)),
    ttls: new Map(keys.filter(({ ttl }) => ttl !== DEFAULT_TTL_MINUTES).map(({ id, ttl }) => [id, ttl])),
    inactive: new Set(keys.filter(({ isInactive }) => isInactive).map(({ id }) => id)),
  }
}

/** Reads what provider keys are set to; nothing where none can be read. */
export async function readKeySettings(
  statements: Pick<UsageStatements, 'run'>,
  look: ChainLook,
  signal: AbortSignal,
): Promise<KeySettings> {
  const statement = keySettings(look)
  return keySettingsOf(statement ? await statements.run(statement, signal) : [])
}

/** The TTL in minutes that a provider key is set to; null if there is no such key. */
export const ttlOf = ({ ids, ttls }: KeySettings, key: string): number | null =>
  ids.has(key) ? (ttls.get(key) ?? DEFAULT_TTL_MINUTES) : null

/** The longest time in minutes that two neighbours may be apart and still be a pair. */
export const longestTtl = ({ ttls }: Pick<KeySettings, 'ttls'>): number =>
  Math.max(DEFAULT_TTL_MINUTES, ...ttls.values())
