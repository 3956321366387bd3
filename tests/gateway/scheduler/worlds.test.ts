/**
 * The oracle: worlds (changes to base rows, and one pin) in which the real schedulers were asked what they do. Each world is a
 * transaction that is rolled back, and is judged by the statements of the service.
 */
import { readFileSync } from 'node:fs'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { NOT_MODELLED } from '../../../scripts/stale-page.js'
import { FAMILIES } from '../../../src/affinities/families/index.js'
import { createGatewayStore } from '../../../src/gateway/aether/aether-gateway.js'
import type { Verdict } from '../../../src/gateway/usability.js'
import { psql } from '../../support/servers/postgres.js'
import { freshDatabase } from '../../support/servers/shared.js'

const World = z.object({
  id: z.string(),
  conditions: z.array(z.string()),
  edge: z.boolean(),
  sql: z.array(z.string()),
  record: z.object({ key: z.string(), value: z.record(z.string(), z.unknown()) }),
  verdict: z.enum(['usable', 'conditional', 'stale']),
  dependsOn: z.array(z.string()),
  reason: z.string().optional(),
})
type World = z.infer<typeof World>

const fixture = (path: string) => readFileSync(new URL(`../../fixtures/${path}`, import.meta.url), 'utf8')

const worldsOf = (folder: string): World[] =>
  fixture(`${folder}/worlds.jsonl`)
    .trim()
    .split('\n')
    .map((line) => World.parse(JSON.parse(line)))

const GATEWAYS = [
  {
    folder: 'endpoint-keys',
    contents: 'schema',
    base: 'endpoint-keys/base.sql',
    role: 'origin',
    worlds: 416,
  },
  { folder: 'provider-keys', contents: 'provider-keys', base: null, role: 'replica', worlds: 159 },
] as const

/** Whether a verdict says what the real scheduler did. */
const agrees = (world: World, { usability, conditions, staleReasons }: Verdict): boolean =>
  usability === world.verdict.toUpperCase() &&
  JSON.stringify([...conditions].sort()) === JSON.stringify([...world.dependsOn].sort()) &&
  (world.reason === undefined || staleReasons.some((reason) => reason === world.reason))

describe.each(GATEWAYS)('the scheduler of $folder', ({ folder, contents, base, role, worlds: number }) => {
  const worlds = worldsOf(folder)
  let client: pg.Client
  let verdicts: ReadonlyMap<World, Verdict>

  beforeAll(async () => {
    const url = freshDatabase(contents)
    if (base !== null) psql(url, fixture(base))
    client = new pg.Client({ connectionString: url })
    await client.connect()
    await client.query(`SET session_replication_role = '${role}'`)
    const store = createGatewayStore({
      schemaName: 'public',
      query: async (sql, args) => {
        const { rows } = await client.query({ text: sql, values: [...args], rowMode: 'array' })
        return rows
      },
    })
    const judged = new Map<World, Verdict>()
    for (const world of worlds) {
      await client.query('BEGIN')
      for (const sql of world.sql) await client.query(sql)
      judged.set(world, await verdictIn(world, store))
      await client.query('ROLLBACK')
    }
    verdicts = judged
  }, 60_000)
  afterAll(() => client.end())

  async function verdictIn(
    { record: { key, value } }: World,
    store: ReturnType<typeof createGatewayStore>,
  ): Promise<Verdict> {
    const stored = { created_at: 1, expire_at: 2, request_count: 1, ...value }
    const parsed = FAMILIES.parse(key, JSON.stringify(stored))
    if (!('record' in parsed)) throw new Error(`${key} cannot be read.`)
    const { record } = parsed
    const judge = await store.judge({
      affinityKey: [record.affinityKey],
      providerId: [record.providerId],
      endpointId: [record.endpointId],
      providerKeyId: [record.providerKeyId],
      modelId: [record.modelId],
      modelName: [],
    })
    return judge.verdictOf({ ...record, modelIs: 'id', clientFamily: undefined, epoch: undefined })
  }

  const differing = (some: readonly World[]) =>
    some.flatMap((world) => {
      const verdict = verdicts.get(world)
      if (verdict && agrees(world, verdict)) return []
      return [
        {
          id: world.id,
          conditions: world.conditions,
          scheduler: [world.verdict, world.dependsOn, world.reason],
          verdict,
        },
      ]
    })

  it('does as the rules say in every world that they model', () => {
    expect(worlds).toHaveLength(number)
    expect(differing(worlds.filter(({ edge }) => !edge))).toEqual([])
  })

  it('does otherwise only in the worlds at the edge that the docs list', () => {
    const listed = NOT_MODELLED.flatMap(({ worlds: ids }) => ids).filter((id) =>
      worlds.some((one) => one.id === id),
    )
    expect(differing(worlds.filter(({ edge }) => edge)).map(({ id }) => id)).toEqual(listed.sort())
  })
})
