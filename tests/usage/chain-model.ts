/** Usage rows at random, and what they say of chains when they are looked at one by one. */
import fc from 'fast-check'
import { sql } from '../api/affinity-model.js'

export const FOLDERS = ['endpoint-keys', 'provider-keys', 'process-memory'] as const
export type Folder = (typeof FOLDERS)[number]

export const SINCE = Date.UTC(2026, 9, 5, 22, 30)
export const UNTIL = Date.UTC(2026, 9, 6, 1, 15)

export interface Row {
  readonly id: string
  readonly at: number
  readonly status: string
  readonly user: string | null
  readonly apiKey: string | null
  readonly provider: string | null
  readonly providerKey: string | null
  readonly model: string
  readonly format: string
  readonly session: string | null
  readonly input: number
  readonly read: number
  readonly created: number
  readonly inputPrice: number | null
  readonly readPrice: number | null
  readonly creationPrice: number | null
  readonly inputCost: number
  readonly readCost: number | null
  readonly creationCost: number | null
  readonly isSettled: boolean
  /** The figures of a settlement row; tokens that were written for 5 minutes and for an hour, if it tells no sum. */
  readonly settledInput: number | null
  readonly writes: readonly [number, number] | null
}

const tokens = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 9_000 }))
const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: null, freq: 2 })
const rarely = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: null, freq: 9 })
const price = maybe(fc.constantFrom(0.25, 1.5, 3))
const cost = maybe(fc.constantFrom(0, 0.00125, 0.5))

/** The provider keys of the rows; the last has no row of its own. */
export const KEYS = ['key-a', 'key-b', 'key-c', 'key-deleted'] as const

const ROW: fc.Arbitrary<Omit<Row, 'id'>> = fc.record({
  // Many lie close to each other, some at the same instant; some before the period, on its start, at its end and after it.
  at: fc.oneof(
    {
      weight: 8,
      arbitrary: fc.integer({ min: 0, max: 40 }).map((steps) => SINCE + 75 * 60_000 + steps * 60_000),
    },
    { weight: 2, arbitrary: fc.integer({ min: -20, max: 180 }).map((minutes) => SINCE + minutes * 60_000) },
    { weight: 1, arbitrary: fc.constantFrom(SINCE, UNTIL, SINCE - 1_000, UNTIL - 1_000) },
  ),
  status: fc.constantFrom(
    'completed',
    ...Array.from({ length: 10 }, () => 'completed'),
    'failed',
    'failed',
    'pending',
  ),
  user: fc.constantFrom(null, 'deleted-user', 'another-user', 'another-user'),
  apiKey: rarely(fc.constantFrom('api-key-1', 'api-key-1', 'api-key-1', 'api-key-2')),
  provider: maybe(fc.constantFrom('provider-x', 'provider-y')),
  providerKey: rarely(fc.constantFrom(...KEYS)),
  model: fc.constantFrom('gpt-x', 'gpt-x', 'gpt-x', 'claude-y'),
  format: fc.constantFrom('CLAUDE', 'CLAUDE', 'CLAUDE', 'openai:chat'),
  session: maybe(fc.constantFrom('one', 'one', 'two')),
  input: tokens,
  read: tokens,
  created: tokens,
  inputPrice: price,
  readPrice: price,
  creationPrice: price,
  inputCost: fc.constantFrom(0, 0, 0.003),
  readCost: cost,
  creationCost: cost,
  isSettled: fc.boolean(),
  settledInput: maybe(tokens),
  writes: maybe(fc.tuple(tokens, tokens)),
})

/** Ids come in another order than rows, since they break ties of time. */
export const ROWS: fc.Arbitrary<Row[]> = fc
  // Without a size fast-check makes ten rows at most, in which hardly two are neighbours.
  .array(ROW, { maxLength: 60, size: 'max' })
  .map((rows) => rows.map((row, at) => ({ ...row, id: `row-${String((at * 37) % 101).padStart(3, '0')}` })))

export interface KeyState {
  /** Null: unset, as where the column has no value. */
  readonly ttl: number
  readonly isActive: boolean
}

export const KEY_STATES: fc.Arbitrary<ReadonlyMap<string, KeyState>> = fc
  .array(fc.record({ ttl: fc.constantFrom(0, 2, 5, 30), isActive: fc.boolean() }), {
    minLength: 3,
    maxLength: 3,
  })
  .map((states) => new Map(KEYS.slice(0, 3).map((id, at) => [id, states[at] as KeyState])))

const COLUMNS = `id text, at timestamptz, status text, "user" text, "apiKey" text, provider text, "providerKey" text, model text,
  format text, metadata json, input int, read int, created int, "inputPrice" float8, "readPrice" float8, "creationPrice" float8,
  "inputCost" float8, "readCost" float8, "creationCost" float8, "isSettled" bool, "settledInput" int, writes json`

/** Rows outlive users and keys, also where the gateway's own deletes would unset their ids. */
export const dropForeignKeys = (url: string): Promise<unknown> =>
  sql(
    url,
    `DO $$ DECLARE name text; BEGIN
       FOR name IN SELECT conname FROM pg_constraint WHERE conrelid = 'usage'::regclass AND contype = 'f'
       LOOP EXECUTE 'ALTER TABLE usage DROP CONSTRAINT ' || quote_ident(name); END LOOP; END $$`,
  )

/** Copies a key's row for each of the keys that have one. */
export async function writeKeys(url: string): Promise<void> {
  await sql(
    url,
    `CREATE TABLE a_key AS SELECT * FROM provider_api_keys LIMIT 1;
     ${KEYS.slice(0, 3)
       .map((id) => `UPDATE a_key SET id = '${id}'; INSERT INTO provider_api_keys SELECT * FROM a_key;`)
       .join('\n')}`,
  )
}

/** The rows as one statement: lists of columns keep it short. */
export async function write(
  url: string,
  folder: Folder,
  rows: readonly Row[],
  keys: ReadonlyMap<string, KeyState>,
): Promise<void> {
  const isRust = folder === 'process-memory'
  const states = [...keys].map(([id, state]) => ({ id, ...state }))
  const numbered = rows.map(({ session, ...row }) => ({
    ...row,
    at: new Date(row.at).toISOString(),
    metadata:
      session === null ? { other: true } : { client_session_affinity: { session_key: session, more: 1 } },
  }))
  const isOld = folder === 'endpoint-keys'
  const prices = isOld ? '"inputPrice", "readPrice", "creationPrice"' : 'NULL, NULL, NULL'
  await sql(
    url,
    `WITH emptied AS (DELETE FROM usage), ${isRust ? 'unsettled AS (DELETE FROM usage_settlement_snapshots),' : ''}
       given AS (SELECT * FROM json_to_recordset($2) AS states(id text, ttl int, "isActive" bool))
     UPDATE provider_api_keys SET cache_ttl_minutes = ttl, is_active = "isActive" FROM given WHERE given.id = provider_api_keys.id
       AND $1 <> ''`,
    ['given', JSON.stringify(states)],
  )
  await sql(
    url,
    `INSERT INTO usage (id, request_id, ${isOld ? 'provider' : 'provider_name'}, user_id, api_key_id, provider_id, provider_api_key_id,
       model, ${isOld ? 'api_format' : 'api_format, endpoint_api_format'}, request_metadata, status, created_at, input_tokens,
       cache_read_input_tokens, cache_creation_input_tokens, input_price_per_1m, cache_read_price_per_1m,
       cache_creation_price_per_1m, input_cost_usd, cache_read_cost_usd, cache_creation_cost_usd)
     SELECT id, id, 'somebody', "user", "apiKey", provider, "providerKey", model, ${isOld ? 'format' : `'converted', format`},
       metadata, status, at, input, read, created, ${prices}, "inputCost", "readCost", "creationCost"
       FROM json_to_recordset($1) AS given(${COLUMNS})`,
    [JSON.stringify(numbered)],
  )
  if (!isRust) return
  await sql(
    url,
    `INSERT INTO usage_settlement_snapshots (request_id, billing_status, input_price_per_1m, cache_read_price_per_1m,
       cache_creation_price_per_1m, billing_effective_input_tokens, billing_cache_read_tokens,
       billing_cache_creation_5m_tokens, billing_cache_creation_1h_tokens, billing_cache_read_cost_usd,
       billing_cache_creation_cost_usd)
     SELECT id, 'settled', "inputPrice", "readPrice", "creationPrice", "settledInput", read, (writes->>0)::int,
       (writes->>1)::int, "readCost", "creationCost"
       FROM json_to_recordset($1) AS given(${COLUMNS}) WHERE "isSettled"`,
    [JSON.stringify(numbered)],
  )
}

export type Prices = Readonly<Record<'input' | 'read' | 'creation', number | null>>

/** A row as its generation tells it. */
export interface Told extends Row {
  readonly allInput: number
  readonly prices: Prices
}

export function tell(row: Row, folder: Folder): Told {
  const settled = folder === 'process-memory' && row.isSettled
  const tellsPrices = folder === 'endpoint-keys' || settled
  const created = settled && row.writes ? row.writes[0] + row.writes[1] : row.created
  const countsWithin = folder !== 'provider-keys' && /^(openai|gemini)/i.test(row.format)
  const own = countsWithin ? Math.max(row.input - row.read, 0) : row.input
  const uncached = (settled ? row.settledInput : null) ?? own
  const priceOf = (column: number | null, paid: number | null, count: number) =>
    (tellsPrices ? column : null) ?? (paid !== null && paid > 0 && count > 0 ? (paid * 1e6) / count : null)
  return {
    ...row,
    created,
    session: folder === 'process-memory' ? row.session : null,
    allInput: uncached + row.read + created,
    prices: {
      input: priceOf(row.inputPrice, row.inputCost, row.input),
      read: priceOf(row.readPrice, row.readCost, row.read),
      creation: priceOf(row.creationPrice, row.creationCost, created),
    },
  }
}

export const byTime = (a: Row, b: Row): number => a.at - b.at || (a.id < b.id ? -1 : 1)

/** Consecutive rows of each chain. */
export function neighboursIn(rows: readonly Told[]): [Told, Told][] {
  const chains = new Map<string, Told[]>()
  for (const row of [...rows].sort(byTime)) {
    if (row.apiKey === null) continue
    const name = JSON.stringify([row.apiKey, row.model, row.format, row.session])
    chains.set(name, [...(chains.get(name) ?? []), row])
  }
  return [...chains.values()].flatMap((chain) =>
    chain.slice(1).map((second, at): [Told, Told] => [chain[at] as Told, second]),
  )
}

/** The price of the nearest of these rows that has one: the earlier of two as near, the dearest of one instant. */
function nearest(rows: readonly Told[], at: number, kind: keyof Prices): number | null {
  const known = rows.filter(({ prices }) => prices[kind] !== null)
  const distance = (row: Told) => Math.abs(row.at - at)
  const [best] = known.sort(
    (a, b) =>
      distance(a) - distance(b) || a.at - b.at || (b.prices[kind] as number) - (a.prices[kind] as number),
  )
  return best?.prices[kind] ?? null
}

export interface Switch {
  readonly lost: number
  readonly cost: number | null
  readonly cause: string
}

/** What a switch cost, and why. @param completed all completed rows of the period */
export function judge(
  [first, second]: readonly [Told, Told],
  completed: readonly Told[],
  failed: readonly Row[],
  keys: ReadonlyMap<string, KeyState>,
): Switch {
  const lost = Math.max(Math.min(first.read + first.created, second.allInput) - second.read, 0)
  const priceOf = (kind: keyof Prices) => {
    const ofModel = completed.filter(({ model }) => model === second.model)
    const ofKey = ofModel.filter(({ providerKey }) => providerKey === second.providerKey)
    return second.prices[kind] ?? nearest(ofKey, second.at, kind) ?? nearest(ofModel, second.at, kind)
  }
  const created = Math.min(lost, second.created)
  const parts: [number, keyof Prices][] = [
    [created, 'creation'],
    [lost - created, 'input'],
  ]
  let cost: number | null = 0
  for (const [count, kind] of parts.filter(([count]) => count > 0)) {
    const [price, read] = [priceOf(kind), priceOf('read')]
    cost = cost === null || price === null || read === null ? null : cost + (count * (price - read)) / 1e6
  }
  const hasFailed = failed.some(
    ({ apiKey, providerKey, at }) =>
      apiKey === first.apiKey && providerKey === first.providerKey && at >= first.at && at <= second.at,
  )
  const isInactive = keys.get(first.providerKey ?? '')?.isActive === false
  return { lost, cost, cause: hasFailed ? 'KEY_FAILED' : isInactive ? 'KEY_INACTIVE' : 'UNKNOWN' }
}

export const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)

export const sumOrNull = (values: readonly (number | null)[]): number | null => {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : sum(known)
}

export const rate = (rows: readonly Told[]): number | null => {
  const all = sum(rows.map(({ allInput }) => allInput))
  return all === 0 ? null : sum(rows.map(({ read }) => read)) / all
}

/** Linear between neighbours, as PERCENTILE_CONT. */
export function percentile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1)
  const [low, high] = [sorted[Math.floor(at)] ?? 0, sorted[Math.ceil(at)] ?? 0]
  return low + (high - low) * (at - Math.floor(at))
}
