/** A column or a table that a gateway has not must never make a pin stale: it tells nothing. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FAMILIES } from '../../../src/affinities/families/index.js'
import { type Look, lookAt } from '../../../src/gateway/aether/look.js'
import { type ActualTables, readTables } from '../../../src/gateway/aether/schema/actual-tables.js'
import { createStatements } from '../../../src/gateway/aether/statements.js'
import { TABLE_NAMES } from '../../../src/gateway/aether/tables.js'
import { judgedPin, pinIds } from '../../../src/loaders/verdicts.js'
import { createPgDatabase, type Database } from '../../../src/postgres/database.js'
import { psql } from '../../support/servers/postgres.js'
import { freshDatabase } from '../../support/servers/shared.js'

const GENERATIONS = [
  { generation: 'ENDPOINT_KEYS', contents: 'fixtures', file: 'redis.jsonl' },
  { generation: 'PROVIDER_KEYS', contents: 'provider-keys', file: 'provider-keys/redis.jsonl' },
  { generation: 'PROCESS_MEMORY', contents: 'process-memory', file: 'process-memory/redis.jsonl' },
] as const

/** Without these the service does not start, or the gateway is one of another generation. */
const KEPT = ['users', 'api_keys', 'providers', 'users.id', 'api_keys.id', 'providers.id'].concat(
  'provider_api_keys.endpoint_id',
  'provider_api_keys',
  'routing_groups',
)

const pinsOf = (file: string) =>
  readFileSync(new URL(`../../fixtures/${file}`, import.meta.url), 'utf8')
    .split('\n')
    .filter(Boolean)
    .flatMap((line) => {
      const { key, record } = JSON.parse(line)
      const parsed = FAMILIES.parse(key, JSON.stringify({ ...record, created_at: 1, expire_at: 2 }))
      return 'record' in parsed ? [judgedPin(parsed.record, FAMILIES)] : []
    })

/** The tables without a table, or without one of its columns. */
function without(tables: ActualTables, absent: string): ActualTables {
  const [table = '', column] = absent.split('.')
  const fewer = new Map(tables)
  const left = new Map(tables.get(table))
  if (column === undefined) fewer.delete(table)
  else fewer.set(table, left)
  left.delete(column ?? '')
  return fewer
}

describe.each(GENERATIONS)('beside $generation', ({ generation, contents, file }) => {
  const pins = pinsOf(file)
  let database: Database
  let tables: ActualTables
  beforeAll(async () => {
    database = createPgDatabase({ url: freshDatabase(contents) })
    ;({ tables } = await readTables(database.query, 'public'))
  })
  afterAll(() => database.close())

  const look = (found: ActualTables): Look => lookAt({ tables: found, withheld: new Set() })
  async function reasonsBy(found: ActualTables): Promise<readonly (readonly string[])[]> {
    const judge = await createStatements(database.query, look(found)).judge(pinIds(pins, []))
    return pins.map((pin) => judge.verdictOf(pin).staleReasons)
  }

  it('accuses no pin for what a column or a table that is not there would tell, and names what is missing', async () => {
    const all = await reasonsBy(tables)
    const absents = TABLE_NAMES.flatMap((table) => [
      table,
      ...[...(tables.get(table)?.keys() ?? [])].map((column) => `${table}.${column}`),
    ]).filter((absent) => !KEPT.includes(absent))
    const accused: string[] = []
    for (const absent of absents) {
      const found = without(tables, absent)
      expect(look(found).generation).toBe(generation)
      const reasons = await reasonsBy(found)
      const added = reasons.flatMap((some, at) =>
        some.filter((reason) => !all[at]?.includes(reason as never)),
      )
      for (const reason of new Set(added)) accused.push(`${absent}: ${reason}`)
    }
    expect(accused).toEqual([])
    expect(all.some((reasons) => reasons.length === 0)).toBe(true)
    expect(look(without(tables, 'models.provider_id')).traits.missing).toContainEqual({
      field: 'Affinity.staleReasons (MODEL_NOT_AT_PROVIDER)',
      needs: 'models.provider_id',
    })
  })
})

describe.each(GENERATIONS)(
  'beside $generation, whose truths are texts,',
  ({ generation, contents, file }) => {
    const TRUTHS = [
      ...['models.is_active', 'providers.is_active', 'global_models.is_active'],
      ...['routing_groups.enabled', 'routing_groups.is_system_default'],
    ]

    it('judges, lists and reads modes all the same', async () => {
      const url = freshDatabase(contents)
      for (const truth of TRUTHS) {
        const [table, column] = truth.split('.')
        // Indexes on the column cannot be kept.
        psql(
          url,
          `DO $$ BEGIN
           IF to_regclass('${table}') IS NOT NULL THEN
             ALTER TABLE ${table} ADD COLUMN as_text text;
             UPDATE ${table} SET as_text = ${column}::text;
             ALTER TABLE ${table} DROP COLUMN ${column} CASCADE;
             ALTER TABLE ${table} RENAME COLUMN as_text TO ${column};
           END IF; END $$`,
        )
      }
      const database = createPgDatabase({ url })
      const pins = pinsOf(file)
      try {
        const found = lookAt(await readTables(database.query, 'public'))
        expect(found.generation).toBe(generation)
        const store = createStatements(database.query, found)
        const judge = await store.judge(pinIds(pins, []))
        expect(pins.map((pin) => judge.verdictOf(pin).usability)).toContain('USABLE')
        const [globalModelId = ''] = await database
          .query('SELECT global_model_id FROM models WHERE global_model_id IS NOT NULL LIMIT 1', [])
          .then((rows) => rows.map(([id]) => String(id)))
        expect(await store.servingModels([globalModelId])).not.toEqual([])
        expect((await store.schedulingModes()).pinsAreHonoured).toBe(true)
      } finally {
        await database.close()
      }
    })
  },
)
