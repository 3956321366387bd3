import type { Unit } from '../../../usage/units.js'
import { givenIn, type Period, type UsageFilter, type UsageGrouping } from '../../../usage/usage-rows.js'
import {
  inputTokens,
  joining,
  type SettlementsFound,
  type UsageTables,
  uncachedTokens,
  usageColumns,
  usageTables,
} from './usage-columns.js'

export type ChainLook = UsageTables

/** Arguments of a statement, in the order in which they were added. */
export interface Arguments {
  readonly values: (string | readonly string[])[]
  /** Adds a value. @returns its placeholder */
  add(value: string | readonly string[]): string
}

export function createArguments(): Arguments {
  const values: (string | readonly string[])[] = []
  return {
    values,
    add: (value) => `$${values.push(value)}`,
  }
}

/** Columns that rows are chosen by. The format is that of the endpoint, whose tokens were counted. */
const CHOOSING = {
  userId: 'user_id',
  apiKeyId: 'api_key_id',
  providerId: 'provider_id',
  providerKeyId: 'provider_api_key_id',
  model: 'model',
} as const satisfies Partial<Record<keyof UsageFilter, string>>

const formatOf = (look: ChainLook): string => usageColumns(look).select.api_format

/** The columns of the usage table by which a filter chooses, as far as the tables have none of them. */
export function missingForFilter(look: ChainLook, filter: UsageFilter): readonly string[] {
  return givenIn(filter).flatMap((name) => {
    if (name === 'apiFormat') return formatOf(look) === 'NULL::text' ? ['usage.api_format'] : []
    return look.mayRead('usage', CHOOSING[name]) ? [] : [`usage.${CHOOSING[name]}`]
  })
}

/** Columns that chains are made of. */
const CHAINED = ['id', 'api_key_id', 'provider_api_key_id', 'model'] as const

/** What chains need and the tables lack, or this role may not read. */
export function missingForChains(look: ChainLook): readonly string[] {
  const columns = CHAINED.filter((name) => !look.mayRead('usage', name)).map((name) => `usage.${name}`)
  const format = formatOf(look) === 'NULL::text' ? ['usage.api_format'] : []
  return [...new Set([...usageColumns(look).missing, ...columns, ...format])]
}

/** What intervals between requests need and the tables lack, or this role may not read. */
export const missingForIntervals = ({ mayRead }: Pick<UsageTables, 'mayRead'>): readonly string[] =>
  ['id', 'created_at', 'status', 'model', 'user_id', 'api_key_id']
    .filter((name) => !mayRead('usage', name))
    .map((name) => `usage.${name}`)

/** Whether rows tell what they are grouped by; chains tell the others by themselves. */
export function tellsGroups(look: ChainLook, by: UsageGrouping): boolean {
  const { user_id, provider_id } = usageColumns(look).select
  return !((by === 'USER' && user_id === 'NULL::text') || (by === 'PROVIDER' && provider_id === 'NULL::text'))
}

/** Whether rows can tell the client's session. */
export const tellsSessions = ({ generation, mayRead }: ChainLook): boolean =>
  generation === 'PROCESS_MEMORY' && mayRead('usage', 'request_metadata')

/** PostgreSQL refuses to look into JSON that has a NUL anywhere. */
const SESSION = `CASE WHEN strpos(usage.request_metadata::text, '\\u0000') = 0
       THEN NULLIF(usage.request_metadata -> 'client_session_affinity' ->> 'session_key', '') END`

/** The condition that chooses completed rows of a period by a filter. */
export function choosing(
  look: ChainLook,
  { since, until }: Period,
  filter: UsageFilter,
  args: Arguments,
): string {
  const conditions = givenIn(filter).map((name) => {
    const column = name === 'apiFormat' ? formatOf(look) : `usage.${CHOOSING[name]}`
    return `${column} = ${args.add(String(filter[name]))}`
  })
  return ["usage.status = 'completed'", within({ since, until }, args), ...conditions].join(' AND ')
}

export const within = ({ since, until }: Period, args: Arguments): string =>
  `usage.created_at >= ${args.add(since.toISOString())}::timestamptz AND usage.created_at < ${args.add(until.toISOString())}::timestamptz`

/** Units that are read by one statement. */
export interface ChainRun {
  /** They follow on each other, oldest first; at least one. */
  readonly units: readonly Unit[]
  /** The start of the rows before the first unit that its neighbours may begin with. */
  readonly from: Date
}

/** The starts of units, as an argument of a statement. */
export const startsOf = (units: readonly Unit[], args: Arguments): string =>
  `${args.add(units.map(({ since }) => since.toISOString()))}::timestamptz[]`

/** The number from 1 of the unit that a time lies in; 0 before the first. */
export const unitOf = (at: string, starts: string): string => `width_bucket(${at}, ${starts})`

/** A row's cost divided by its tokens, where both are above 0. */
const byCost = (price: string, cost: string, tokens: string): string =>
  `COALESCE(${price}, CASE WHEN ${cost} > 0 AND ${tokens} > 0 THEN ${cost} * 1000000 / ${tokens}::numeric END)`

const byCosts = {
  read_price: byCost('read_price', 'read_cost', 'read_tokens'),
  creation_price: byCost('creation_price', 'creation_cost', 'created_tokens'),
}

/** What a row may be asked for, by the columns of the gateway's tables. Prices are per million, null if unknown, and as the tables have them. */
const COLUMNS = {
  id: 'id',
  at: 'at',
  user_id: 'user_id',
  api_key_id: 'api_key_id',
  provider_id: 'provider_id',
  provider_key_id: 'provider_key_id',
  model: 'model',
  api_format: 'api_format',
  session: 'session',
  read: 'read_tokens AS read',
  created: 'created_tokens AS created',
  input_price: 'input_price',
  read_price: `${byCosts.read_price} AS read_price`,
  creation_price: `${byCosts.creation_price} AS creation_price`,
} as const
export type ChainColumn = keyof typeof COLUMNS | 'input'

/** What a usage row tells without its settlement row. */
const PLAIN: ReadonlySet<string> = new Set<ChainColumn>([
  'id',
  'at',
  'user_id',
  'api_key_id',
  'provider_id',
  'provider_key_id',
  'model',
  'api_format',
  'session',
])

/**
 * A query of completed rows with these columns: what nobody asks for would be carried through sorts and temporary files.
 */
export function chainRows(
  look: ChainLook,
  found: SettlementsFound,
  condition: string,
  columns: readonly ChainColumn[],
): string {
  const { select } = usageColumns(look)
  const isPlain = columns.every((name) => PLAIN.has(name))
  const fields = Object.entries(select).flatMap(([name, expression]) =>
    isPlain && !PLAIN.has(name) ? [] : [`${expression} AS ${name}`],
  )
  const tokens = isPlain ? [] : [inputTokens(look)]
  const inner = ['usage.id::text AS id', 'usage.created_at AS at', ...tokens, ...fields].join(', ')
  const session = tellsSessions(look) ? SESSION : 'NULL::text'
  const asked = columns.map((name) =>
    name === 'input' ? `${uncachedTokens(look)} + read_tokens + created_tokens AS input` : COLUMNS[name],
  )
  const read = new Set([
    ...[...inner.matchAll(/\busage\.(\w+)/g)].map(([column]) => column),
    ...(isPlain ? [] : joining(look)),
  ])
  // OFFSET 0 keeps the metadata of a request, which is long, out of the join.
  const usage = `(SELECT ${[...read].join(', ')}, ${session} AS session FROM usage WHERE ${condition} OFFSET 0) AS usage`
  return `
    SELECT ${asked.join(', ')}
      FROM (SELECT ${inner}, usage.session FROM ${isPlain ? usage : usageTables(look, found, usage)}) AS usage_rows`
}

/** What is null is as good as a value, which the number must not lose. */
const CHAINED_BY = ['api_key_id', 'model', 'api_format', 'session'].map(
  (column) => `COALESCE(${column}, ' none')`,
)

/** A number of 64 bits made of what tells a chain. */
export const numberOf = (seed: number): string =>
  CHAINED_BY.reduce((number, column) => `hashtextextended(${column}, ${number})`, `${seed}`)

/**
 * The window of a row's chain. Two numbers of 64 bits stand for four names, since sorting by names takes half as long again: no two
 * of a billion chains share both.
 */
export const CHAIN = `PARTITION BY ${numberOf(0)}, ${numberOf(1)} ORDER BY at, id COLLATE "C"`

export const minutesBetween = (from: string, to: string): string => `date_part('epoch', ${to} - ${from}) / 60`

const startOf = (unit: 'hour' | 'day', at: string): string =>
  `to_char(date_trunc('${unit}', ${at} AT TIME ZONE 'UTC'), 'YYYY-MM-DD"T"HH24:MI:SS".000Z"')`

/** The key of a row's group; `first_` before the columns of the request before it in its chain. */
export function groupKey(by: UsageGrouping, isFirst: boolean): string {
  const side = isFirst ? 'first_' : ''
  switch (by) {
    case 'TOTAL':
      return 'NULL::text'
    case 'USER':
      return `${side}user_id`
    case 'API_KEY':
      return 'api_key_id'
    case 'PROVIDER':
      return `${side}provider_id`
    case 'PROVIDER_KEY':
      return `${side}provider_key_id`
    case 'MODEL':
      return 'model'
    case 'API_FORMAT':
      return 'api_format'
    case 'HOUR':
      return startOf('hour', `${side}at`)
    case 'DAY':
      return startOf('day', `${side}at`)
  }
}
