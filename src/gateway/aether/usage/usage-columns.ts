import type { Generation } from '../../gateway.js'
import { way } from '../fields.js'

const SETTLED = 'usage_settlement_snapshots'

export const USAGE_TABLES: readonly string[] = ['usage', SETTLED]

/** What a look at the tables tells of usage rows. */
export interface UsageTables {
  readonly generation: Generation
  /** Whether a table has all of these columns, and this role may read them. */
  mayRead(table: string, ...columns: readonly string[]): boolean
}

/**
 * How settlement rows are found: `ONE_BY_ONE` by the ids of their requests, where the planner would rather read that whole
 * table for a day of it, or as it likes.
 */
export type SettlementsFound = 'ONE_BY_ONE' | 'AS_PLANNED'

/** Expressions over a usage row and its settlement row, if the gateway has such. */
export interface UsageColumns {
  /**
   * Each is a column of the inner rows; `NULL` where the tables have no way to fill it. Prices, costs and multipliers are as the tables
   * have them: a decimal takes longer to be made a float8 than all else that is done with a row, so cast those that are needed.
   */
  readonly select: Readonly<Record<(typeof COLUMNS)[number], string>>
  /** The columns without which there are no figures, as far as they are missing. */
  readonly missing: readonly string[]
}

const COLUMNS = [
  'user_id',
  'api_key_id',
  'provider_id',
  'provider_key_id',
  'model',
  'api_format',
  'read_tokens',
  'created_tokens',
  'input_price',
  'read_price',
  'creation_price',
  'read_cost',
  'creation_cost',
  'multiplier',
] as const

const NEEDED = [
  'created_at',
  'status',
  'input_tokens',
  'cache_read_input_tokens',
  'cache_creation_input_tokens',
]

/** If there is a settlement row, it decides; else the column; else cost ÷ tokens. */
export function usageColumns({ mayRead }: Pick<UsageTables, 'mayRead'>): UsageColumns {
  const isSettled = hasSettlements({ mayRead })
  const isThere = (column: string): boolean => {
    const [table = '', name = ''] = column.split('.')
    return (table !== SETTLED || isSettled) && mayRead(table, name)
  }
  /** The first of these that is not null in a row, of those whose columns are there. */
  const firstOf = (...expressions: readonly string[]): string => {
    const usable = expressions.filter((sql) => way(sql).needs.every(isThere))
    return usable.length === 0 ? 'NULL' : `COALESCE(${usable.join(', ')})`
  }
  const number = (...expressions: readonly string[]) => {
    const found = firstOf(...expressions.map((sql) => `(${sql})::float8`))
    return found === 'NULL' ? 'NULL::float8' : found
  }
  const amount = (...expressions: readonly string[]) => {
    const found = firstOf(...expressions)
    return found === 'NULL' ? 'NULL::numeric' : found
  }
  const text = (...expressions: readonly string[]) => {
    const found = firstOf(...expressions.map((sql) => `${sql}::text`))
    return found === 'NULL' ? 'NULL::text' : found
  }
  const settled = `${SETTLED}.billing_cache_creation`
  return {
    missing: NEEDED.map((name) => `usage.${name}`).filter((column) => !isThere(column)),
    select: {
      user_id: text('usage.user_id'),
      api_key_id: text('usage.api_key_id'),
      provider_id: text('usage.provider_id'),
      provider_key_id: text('usage.provider_api_key_id'),
      model: text('usage.model'),
      // The endpoint's format tells whose tokens were counted, if the request was converted.
      api_format: text('usage.endpoint_api_format', 'usage.api_format'),
      read_tokens: number(`${SETTLED}.billing_cache_read_tokens`, 'usage.cache_read_input_tokens', '0'),
      created_tokens: number(
        `${settled}_tokens`,
        `CASE WHEN num_nonnulls(${settled}_5m_tokens, ${settled}_1h_tokens) > 0
              THEN COALESCE(${settled}_5m_tokens, 0) + COALESCE(${settled}_1h_tokens, 0) END`,
        'usage.cache_creation_input_tokens',
        '0',
      ),
      input_price: amount(
        `${SETTLED}.input_price_per_1m`,
        'usage.input_price_per_1m',
        `CASE WHEN usage.input_cost_usd > 0 AND usage.input_tokens > 0
              THEN usage.input_cost_usd * 1000000 / usage.input_tokens END`,
      ),
      read_price: amount(`${SETTLED}.cache_read_price_per_1m`, 'usage.cache_read_price_per_1m'),
      creation_price: amount(`${SETTLED}.cache_creation_price_per_1m`, 'usage.cache_creation_price_per_1m'),
      read_cost: amount(`${SETTLED}.billing_cache_read_cost_usd`, 'usage.cache_read_cost_usd'),
      creation_cost: amount(`${SETTLED}.billing_cache_creation_cost_usd`, 'usage.cache_creation_cost_usd'),
      // A row without a multiplier was charged at list price; a table without the column says nothing.
      multiplier: isThere('usage.rate_multiplier')
        ? amount(`${SETTLED}.rate_multiplier`, 'usage.rate_multiplier', '1')
        : amount(`${SETTLED}.rate_multiplier`),
    },
  }
}

/**
 * The tables that are read, with their join.
 * @param usage the table of usage rows, or a query of some of them that is called so
 */
export function usageTables(
  look: Pick<UsageTables, 'mayRead'>,
  found: SettlementsFound,
  usage = 'usage',
): string {
  if (!hasSettlements(look)) return usage
  // A list of one id can be looked up in the index, but neither hashed nor merged.
  const ids = found === 'ONE_BY_ONE' ? 'ANY (ARRAY[usage.request_id])' : 'usage.request_id'
  return `${usage} LEFT JOIN ${SETTLED} ON ${SETTLED}.request_id = ${ids}`
}

/** The columns of usage rows by which settlement rows are found. */
export const joining = (look: Pick<UsageTables, 'mayRead'>): readonly string[] =>
  hasSettlements(look) ? ['usage.request_id'] : []

export const hasSettlements = ({ mayRead }: Pick<UsageTables, 'mayRead'>): boolean =>
  mayRead('usage', 'request_id') && mayRead(SETTLED, 'request_id')

const hasSettledInput = (look: Pick<UsageTables, 'mayRead'>): boolean =>
  hasSettlements(look) && look.mayRead(SETTLED, 'billing_effective_input_tokens')

/**
 * The uncached tokens of an inner row. OpenAI and Gemini formats count cached tokens within the input; gateways whose
 * provider keys belong to providers have taken them out already.
 */
export function uncachedTokens({ generation, mayRead }: UsageTables): string {
  const counted = 'COALESCE(raw_input, 0)::float8'
  const own =
    generation === 'PROVIDER_KEYS'
      ? counted
      : `CASE WHEN lower(api_format) ~ '^(openai|gemini)' THEN GREATEST(${counted} - read_tokens, 0) ELSE ${counted} END`
  return hasSettledInput({ mayRead }) ? `COALESCE(settled_input::float8, ${own})` : own
}

/** The columns of an inner row that `uncachedTokens` reads. */
export const inputTokens = (look: Pick<UsageTables, 'mayRead'>): string =>
  hasSettledInput(look)
    ? `usage.input_tokens AS raw_input, ${SETTLED}.billing_effective_input_tokens AS settled_input`
    : 'usage.input_tokens AS raw_input'
