import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { startTestApp, type TestApp } from '../support/app.js'
import { loadGeneration } from '../support/generations.js'
import { psql } from '../support/servers/postgres.js'

const PROVIDER_MAPPINGS = `{ providerModelMappings(first: 1000) { nodes {
  providerId providerName globalModelId globalModelName globalModelDisplayName providerModelName aliases isActive
  provider { isActive } globalModel { isActive } hitCount
} } }`
const MAPPINGS = '{ modelMappings { nodes { mappingName providers { name } } } }'
const STATS = `{ modelMappingStats { available message totalKeys ttlSeconds
  breakdown { modelById modelByProviderGlobal globalModelById globalModelByName globalModelResolve } } }`

const Stats = z.object({
  available: z.boolean(),
  ttl_seconds: z.number(),
  total_keys: z.number(),
  breakdown: z.record(z.string(), z.number()),
  provider_model_mappings: z.array(z.record(z.string(), z.unknown())).nullable(),
})

/** What the gateway's own route said of its model caches. */
function recorded(folder: string): z.infer<typeof Stats> {
  const text = readFileSync(new URL(`../fixtures/${folder}/answers.json`, import.meta.url), 'utf8')
  const answers = z
    .array(z.object({ request: z.object({ path: z.string() }), body: z.unknown() }))
    .parse(JSON.parse(text))
  const answer = answers.find(({ request }) => request.path.endsWith('/model-mapping/stats'))
  return z.object({ data: Stats }).parse(answer?.body).data
}

const camel = (name: string) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())

const asker = (service: TestApp) => async (document: string) => {
  const { data, errors } = await service.query(document)
  expect(errors).toEqual([])
  return data
}

describe('the model mappings of a gateway of the second generation', () => {
  let service: TestApp
  let ask: ReturnType<typeof asker>
  beforeAll(async () => {
    service = await startTestApp({ database: 'provider-keys', redis: 'empty' })
    ask = asker(service)
    await loadGeneration(service.redis.client(), 'provider-keys')
  })
  afterAll(() => service.close())

  it('are counted as the gateway counted them', async () => {
    const { ttl_seconds, total_keys, breakdown } = recorded('provider-keys')
    expect((await ask(STATS)).modelMappingStats).toEqual({
      available: true,
      message: null,
      totalKeys: total_keys,
      ttlSeconds: ttl_seconds,
      breakdown: Object.fromEntries(Object.entries(breakdown).map(([name, count]) => [camel(name), count])),
    })
  })

  it('are those of providers that the gateway listed, with its words', async () => {
    const expected = recorded('provider-keys').provider_model_mappings ?? []
    expect(expected).toMatchObject([{ aliases: ['claude-sonnet-4'] }])
    const { nodes } = (await ask(PROVIDER_MAPPINGS)).providerModelMappings
    expect(nodes).toEqual(
      expected.map(({ ttl: _, ...mapping }) => ({
        ...Object.fromEntries(Object.entries(mapping).map(([name, value]) => [camel(name), value])),
        isActive: true,
        provider: { isActive: true },
        globalModel: { isActive: true },
      })),
    )
  })

  it('have the name of the provider, which has no other in this generation', async () => {
    const { nodes } = (await ask('{ providerModelMappings { nodes { providerName provider { name } } } }'))
      .providerModelMappings
    for (const { providerName, provider } of nodes) expect(providerName).toBe(provider.name)
  })
})

describe('the model mappings of a gateway of the third generation', () => {
  it('are none, and the counts say so', async () => {
    const service = await startTestApp({ database: 'process-memory', redis: 'empty' })
    const ask = asker(service)
    // What a gateway of an earlier generation has left there before it was upgraded is of no use to this one.
    await service.redis.client().set('global_model:resolve:gpt', 'NOT_FOUND', 'EX', 300)
    await service.redis.client().set('model:provider_global:a:b', '{"provider_model_name":"x"}', 'EX', 300)
    const { modelMappingStats } = await ask(STATS)
    expect(modelMappingStats).toMatchObject({ available: false, ttlSeconds: null, totalKeys: 0 })
    expect(modelMappingStats.message).toMatch(/keeps no caches of models/)
    expect((await ask(MAPPINGS)).modelMappings.nodes).toEqual([])
    expect((await ask(PROVIDER_MAPPINGS)).providerModelMappings.nodes).toEqual([])
    expect((await ask('{ unmappedEntries { totalCount } }')).unmappedEntries.totalCount).toBe(0)
    await service.close()
  })
})

describe('the model mappings of a gateway of the first generation', () => {
  const PROVIDER = '346e2778-e14f-4d1e-a5ae-526b6082a4c0'
  const MODEL = '03e30fb7-578e-4e41-aebc-82b5064dd8b6'
  let service: TestApp
  let ask: ReturnType<typeof asker>
  beforeAll(async () => {
    service = await startTestApp({ redis: 'empty' })
    ask = asker(service)
    const redis = service.redis.client()
    const resolved = JSON.stringify({ id: MODEL, name: 'gpt-5', display_name: 'GPT-5' })
    await redis.set('global_model:resolve:GPT-5', resolved)
    const row = { provider_model_name: 'gpt-five', provider_model_mappings: null, is_active: true }
    await redis.set(`model:provider_global:${PROVIDER}:${MODEL}`, JSON.stringify(row))
  })
  afterAll(() => service.close())

  const sql = (statement: string) => psql(service.databaseUrl, statement)
  const switchOff = (table: string, where: string) =>
    sql(`UPDATE ${table} SET is_active = false WHERE ${where}`)
  const switchOn = (table: string, where: string) =>
    sql(`UPDATE ${table} SET is_active = true WHERE ${where}`)
  const providers = async (): Promise<string[]> =>
    (await ask(MAPPINGS)).modelMappings.nodes[0].providers.map(({ name }: { name: string }) => name)
  const only = async () => (await ask(PROVIDER_MAPPINGS)).providerModelMappings.nodes[0]

  it.each([
    ['models', `provider_id = '${PROVIDER}' AND global_model_id = '${MODEL}'`],
    ['providers', `id = '${PROVIDER}'`],
  ])('name no provider whose row of %s is inactive', async (table, where) => {
    const { name } = (await ask(`{ providerModelMappings { nodes { provider { name } } } }`))
      .providerModelMappings.nodes[0].provider
    expect(await providers()).toContain(name)
    switchOff(table, where)
    expect(await providers()).not.toContain(name)
    switchOn(table, where)
    expect(await providers()).toContain(name)
  })

  it.each([
    ['providers', PROVIDER],
    ['global_models', MODEL],
  ])('are listed as inactive where the row of %s is', async (table, id) => {
    expect(await only()).toMatchObject({ isActive: true })
    switchOff(table, `id = '${id}'`)
    expect(await only()).toMatchObject({
      isActive: false,
      provider: { isActive: table !== 'providers' },
      globalModel: { isActive: table !== 'global_models' },
    })
    switchOn(table, `id = '${id}'`)
  })

  it('lead from the model’s own name where the entry only renames it', async () => {
    expect(await only()).toMatchObject({ providerModelName: 'gpt-five', aliases: ['gpt-5'] })
  })

  it('have the provider’s display name, or its name where that is empty', async () => {
    const [before] = sql(`SELECT display_name FROM providers WHERE id = '${PROVIDER}'`).trim().split('\n')
    expect(await only()).toMatchObject({ providerName: before })
    const name = sql(`SELECT name FROM providers WHERE id = '${PROVIDER}'`).trim()
    expect(name).not.toBe(before)
    sql(`UPDATE providers SET display_name = '' WHERE id = '${PROVIDER}'`)
    expect(await only()).toMatchObject({ providerName: name })
  })
})
