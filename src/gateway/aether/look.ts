import { isOfOtherTables } from '../../postgres/database-errors.js'
import type { GatewayTraits, Generation, MissingField } from '../gateway.js'
import type { RunQuery } from '../table-reader.js'
import {
  expressionOf,
  missingColumns,
  missingFields,
  type RowTable,
  readingOf,
  type TableReading,
} from './fields.js'
import { missingForReasons } from './scheduler/untold.js'
import { type ActualTables, type FoundTables, generationOf, readTables } from './schema/actual-tables.js'
import { ENDPOINTS, OTHER_READS, ROW_TABLES, TABLE_NAMES } from './tables.js'
import { missingForUsage } from './usage/cache-sums.js'
import { missingForChains, missingForIntervals } from './usage/chain-rows.js'

/** Tables whose columns, or whose being there, decide what is read. */
const TELLING: ReadonlySet<string> = new Set([
  ...TABLE_NAMES,
  'usage_settlement_snapshots',
  'user_sessions',
  'management_tokens',
  'usage',
])

/** What one look at the tables found, from which every statement follows. */
export interface Look {
  readonly tables: ActualTables
  readonly generation: Generation
  readonly traits: GatewayTraits
  /** Whether a table has all of these columns, and this role may read them. */
  mayRead(table: string, ...columns: readonly string[]): boolean
  /** Equal for two looks at the same columns of the tables that are read, with the same rights. */
  readonly fingerprint: string
}

export function lookAt({ tables, withheld }: FoundTables): Look {
  const generation = generationOf(tables)
  const mayRead: Look['mayRead'] = (table, ...columns) =>
    columns.every((column) => tables.get(table)?.has(column) === true && !withheld.has(`${table}.${column}`))
  return {
    tables,
    generation,
    traits: {
      generation,
      missing: [
        ...ROW_TABLES.flatMap((table) => missingFields<never>(table as RowTable<never>, tables, generation)),
        ...OTHER_READS.flatMap(({ field, columns }) => {
          const missing = missingColumns(tables, columns)
          return missing.length === 0 ? [] : [{ field, needs: missing.join(' and ') }]
        }),
        ...missingForReasons(tables, generation),
        ...missingUsage({ generation, mayRead }),
      ],
      keyFamilies:
        generation === 'PROCESS_MEMORY'
          ? ['scheduler_affinity', 'scheduler_affinity_v2']
          : ['cache_affinity'],
      redisDecidesRouting: generation !== 'PROCESS_MEMORY',
      hasModelMappingCaches: generation !== 'PROCESS_MEMORY',
      hasReservation: generation !== 'PROCESS_MEMORY',
      // Python gateways have pools since their endpoints tell a family of formats.
      hasPoolSessions:
        generation === 'PROCESS_MEMORY' ||
        (generation === 'PROVIDER_KEYS' && tables.get(ENDPOINTS.name)?.has('api_family') === true),
    },
    mayRead,
    fingerprint: JSON.stringify([
      [...tables]
        .filter(([name]) => TELLING.has(name))
        .map(([name, columns]) => [name, [...columns].sort()])
        .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
      [...withheld].sort(),
    ]),
  }
}

/** What the figures of usage need. Columns that this role may not read are as if they were missing. */
function missingUsage(look: Pick<Look, 'generation' | 'mayRead'>): readonly MissingField[] {
  const needed = {
    cacheUsage: missingForUsage(look),
    switchCosts: missingForChains(look),
    ttlAdvice: missingForChains(look),
    requestIntervals: missingForIntervals(look),
  }
  return Object.entries(needed).flatMap(([field, missing]) =>
    missing.length === 0 ? [] : [{ field, needs: missing.join(' and ') }],
  )
}

/** Without one of these the service is useless, and does not start. */
const INDISPENSABLE = ['users', 'api_keys', 'providers'] as const

/** Why the service would be useless on these tables, one sentence each. */
export function refusalsOf({ tables, traits, generation }: Look): string[] {
  const absent = INDISPENSABLE.filter((name) => {
    const table = ROW_TABLES.find((one) => one.name === name)
    return table === undefined || expressionOf(table.fields.id, tables, generation) === undefined
  })
  if (absent.length === 0) return []
  return [
    ...absent.map((name) =>
      tables.has(name) ? `The column "${name}"."id" is missing.` : `The table "${name}" is missing.`,
    ),
    ...traits.missing.map(({ field, needs }) => `${field} needs ${needs}.`),
  ]
}

/** How rows are read after this look; undefined where the table has no id. */
export const reads = <Row extends object>(
  { tables, generation }: Look,
  table: RowTable<Row>,
): TableReading<Row> | undefined => readingOf(table, tables, generation)

/** The latest look at a database's tables, and what was made of it. */
export interface Looks<Made> {
  /** Looks anew, also while another look is under way. Rejects with the driver's error; then the latest look stays. */
  again(): Promise<Look>
  /** Undefined before the first look. */
  latest(): Look | undefined
  /**
   * Runs work on what was made of the latest look, after a first look where there was none. If the work meets tables
   * that have changed since, it runs once more after another look.
   */
  run<Result>(work: (made: Made) => Promise<Result>): Promise<Result>
}

/** @param make makes the statements of a look, once for each */
export function createLooks<Made>(
  { query, schemaName }: { readonly query: RunQuery; readonly schemaName: string },
  make: (look: Look) => Made,
): Looks<Made> {
  let current: { readonly look: Look; readonly made: Made } | undefined
  let looking: Promise<{ readonly look: Look; readonly made: Made }> | undefined

  async function lookNow() {
    const look = lookAt(await readTables(query, schemaName))
    if (current?.look.fingerprint !== look.fingerprint) current = { look, made: make(look) }
    return current
  }
  function shared() {
    looking ??= lookNow().finally(() => {
      looking = undefined
    })
    return looking
  }

  return {
    again: async () => (await lookNow()).look,
    latest: () => current?.look,
    async run(work) {
      const before = current ?? (await shared())
      try {
        return await work(before.made)
      } catch (error) {
        if (!isOfOtherTables(error)) throw error
        const after = await shared()
        if (after === before) throw error
        return work(after.made)
      }
    },
  }
}
