import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { isGlobalModelId } from '../../src/affinities/affinity-record.js'
import { createAetherGateway, createGatewayStore } from '../../src/gateway/aether/aether-gateway.js'
import type { GatewayTraits } from '../../src/gateway/gateway.js'
import { createPgDatabase } from '../../src/postgres/database.js'
import { startTestApp, type TestApp } from '../support/app.js'
import { loadGeneration } from '../support/generations.js'
import { psql } from '../support/servers/postgres.js'
import { freshDatabase, LATER_GENERATIONS, type LaterGeneration } from '../support/servers/shared.js'

const GENERATION_OF = { 'provider-keys': 'PROVIDER_KEYS', 'process-memory': 'PROCESS_MEMORY' } as const

const identity = (...parts: readonly (string | null | undefined)[]) => JSON.stringify(parts)

const Item = z.object({
  affinity_key: z.string(),
  user_api_key_name: z.string().nullable(),
  is_standalone: z.boolean(),
  user_id: z.string().nullable(),
  username: z.string().nullable(),
  email: z.string().nullable(),
  provider_id: z.string(),
  provider_name: z.string().nullable(),
  endpoint_id: z.string(),
  endpoint_url: z.string().nullable(),
  key_id: z.string(),
  key_name: z.string().nullable(),
  key_prefix: z.string().nullable(),
  user_api_key_prefix: z.string().nullable(),
  api_format: z.string(),
  global_model_id: z.string(),
  client_family: z.string().nullish(),
  session_hash: z.string().nullish(),
  created_at: z.number(),
  expire_at: z.number(),
  request_count: z.number(),
  rate_multipliers: z.record(z.string(), z.number()).nullable(),
  model_name: z.string(),
  model_display_name: z.string().nullable(),
})
const Answer = z.object({
  request: z.object({ path: z.string() }),
  body: z.object({ data: z.object({ items: z.array(Item) }) }),
})

/** What the gateway's own listing said of its pins. */
function listed(folder: LaterGeneration): z.infer<typeof Item>[] {
  const text = readFileSync(new URL(`../fixtures/${folder}/answers.json`, import.meta.url), 'utf8')
  const answers = z
    .array(z.object({ request: z.object({ path: z.string() }) }).loose())
    .parse(JSON.parse(text))
  const listing = answers.find(({ request }) => request.path.includes('/affinities?'))
  return Answer.parse(listing).body.data.items
}

const FIELDS = `
  isStandalone apiKey { name } user { id username email role }
  provider { name displayName }
  endpoint { apiFormat baseUrl provider { id } }
  providerKey { name maskedKey authType rateMultiplier rateMultipliers { apiFormat multiplier } apiFormats
    endpoint { id } provider { id } }
  rateMultiplier`

describe.each(LATER_GENERATIONS)('beside a gateway of %s', (folder) => {
  const isRust = folder === 'process-memory'
  let service: TestApp
  const ask = async (document: string) => {
    const { data, errors } = await service.query(document)
    expect(errors).toEqual([])
    return data
  }
  /** A pin of the first family, which names any rows. */
  const pin = (item: z.infer<typeof Item>) =>
    service.redis.client().set(
      'cache_affinity:somebody:F:model',
      JSON.stringify({
        provider_id: item.provider_id,
        endpoint_id: item.endpoint_id,
        key_id: item.key_id,
        created_at: Date.now() / 1_000,
        expire_at: Date.now() / 1_000 + 300,
        request_count: 1,
      }),
      'EX',
      300,
    )

  beforeAll(async () => {
    service = await startTestApp({ database: folder, redis: 'empty' })
  })
  afterAll(() => service.close())

  it('starts, tells the generation, and misses nothing', async () => {
    const { gateway } =
      await ask(`{ gateway { generation redisDecidesRouting hasModelMappingCaches hasPoolSessions
      schedulingMode pinsAreHonoured clearPath missing { field needs } } }`)
    expect(gateway).toEqual({
      generation: GENERATION_OF[folder],
      redisDecidesRouting: !isRust,
      hasModelMappingCaches: !isRust,
      hasPoolSessions: true,
      schedulingMode: 'cache_affinity',
      pinsAreHonoured: true,
      clearPath: isRust ? 'NONE' : 'REDIS',
      missing: [],
    })
  })

  it('says that somebody still writes records of the other kind', async () => {
    const problem = async () => (await ask('{ gateway { clearProblem } }')).gateway.clearProblem
    const before = await problem()
    const foreign = isRust
      ? 'cache_affinity:k:claude:chat:m'
      : `scheduler_affinity:v2:k:claude:chat:m:codex:${'a'.repeat(64)}`
    const write = (key: string, agoSeconds: number) =>
      service.redis.client().set(
        key,
        JSON.stringify({
          provider_id: 'p',
          endpoint_id: 'e',
          key_id: 'gone',
          created_at: Math.floor(Date.now() / 1_000) - 600,
          expire_at: Math.floor(Date.now() / 1_000) + 300 - agoSeconds,
          request_count: 9,
        }),
        'EX',
        300,
      )
    // What an earlier gateway left behind is no problem, and neither are this one's own records.
    await write(foreign, 90)
    await write(isRust ? 'scheduler_affinity:k:claude:chat:m' : 'cache_affinity:k:claude:chat:m', 0)
    await expect.poll(async () => (await ask('{ affinities { totalCount } }')).affinities.totalCount).toBe(2)
    expect(await problem()).toBe(before)
    await write(foreign, 5)
    await expect
      .poll(problem)
      .toMatch(
        isRust
          ? /^This gateway routes.* Records of cache_affinity were written within/
          : /Records of scheduler_affinity_v2 were/,
      )
    await service.redis.client().flushall()
    await expect.poll(problem).toBe(before)
  })

  it('tells no figure of what this generation does not have', async () => {
    const { cacheConfig, cacheStats, modelMappingStats } = await ask(`{
      cacheConfig { cacheTtlSeconds cacheReservationRatio parameters { name } }
      cacheStats { dynamicReservation { enabled currentAvgRatio probePhaseRatio totalChecks config { probeReservation } } }
      modelMappingStats { available message ttlSeconds totalKeys breakdown { modelById } } }`)
    expect(cacheConfig.cacheTtlSeconds).toBe(300)
    expect(cacheConfig.cacheReservationRatio).toBe(isRust ? null : 0.1)
    const parameters = cacheConfig.parameters.map(({ name }: { name: string }) => name)
    expect(parameters).toHaveLength(isRust ? 1 : 8)
    expect(parameters[0]).toBe('cacheTtlSeconds')
    expect(cacheStats.dynamicReservation).toEqual({
      enabled: isRust ? null : true,
      currentAvgRatio: null,
      probePhaseRatio: null,
      totalChecks: null,
      config: { probeReservation: 0.1 },
    })
    expect(modelMappingStats).toEqual({
      available: !isRust,
      message: isRust ? expect.stringContaining('no caches of models') : null,
      ttlSeconds: isRust ? null : 300,
      totalKeys: 0,
      breakdown: { modelById: 0 },
    })
  })

  it('shows each of the gateway’s pins as its own listing does, field by field', async () => {
    const items = listed(folder)
    const redis = service.redis.client()
    await loadGeneration(redis, folder)
    const total = isRust ? 126 : 40
    await expect
      .poll(async () => (await ask('{ affinities { totalCount } }')).affinities.totalCount)
      .toBe(total)
    const { affinities } = await ask(`{ affinities(first: 1000) { nodes {
      affinityKey apiFormat modelId modelName clientFamily sessionHash requestCount createdAt expiresAt
      providerId endpointId providerKeyId apiKey { maskedKey } model { displayName } ${FIELDS} } } }`)
    await redis.flushall()
    const nodes = new Map(
      affinities.nodes.map((node: Record<string, string>) => [
        identity(node['affinityKey'], node['apiFormat'], node['modelId'], node['sessionHash']),
        node,
      ]),
    )
    expect(nodes.size).toBe(total)

    const counts: Record<string, { equal: number; compared: number }> = {}
    const different: unknown[] = []
    const compare = (field: string, ours: unknown, theirs: unknown) => {
      counts[field] ??= { equal: 0, compared: 0 }
      counts[field].compared += 1
      if (JSON.stringify(ours) === JSON.stringify(theirs)) counts[field].equal += 1
      else different.push({ field, ours, theirs })
    }
    // The listing and the dump are seconds apart: a moment differs by the same few seconds as all others do.
    const ages: number[] = []
    for (const item of items) {
      const { affinity_key, api_format, global_model_id, session_hash = null } = item
      // biome-ignore lint/suspicious/noExplicitAny: an answer's shape follows from the query above
      const node: any = nodes.get(identity(affinity_key, api_format, global_model_id, session_hash))
      if (!node) expect.fail(`${affinity_key} ${api_format} ${global_model_id} is not shown`)
      compare('user_api_key_name', node.apiKey?.name ?? null, item.user_api_key_name)
      compare('is_standalone', node.isStandalone, item.is_standalone)
      compare('user_id', node.user?.id ?? null, item.user_id)
      compare('username', node.user?.username ?? null, item.username)
      compare('email', node.user?.email ?? null, item.email)
      compare('provider_id', node.providerId, item.provider_id)
      compare('provider_name', node.provider?.displayName ?? null, item.provider_name)
      compare('endpoint_id', node.endpointId, item.endpoint_id)
      compare('endpoint_url', node.endpoint?.baseUrl ?? null, item.endpoint_url)
      compare('key_id', node.providerKeyId, item.key_id)
      compare('key_name', node.providerKey?.name ?? null, item.key_name)
      compare('model_name', node.modelName, item.model_name)
      // The Rust gateway's own is always null.
      if (!isRust) compare('model_display_name', node.model?.displayName ?? null, item.model_display_name)
      compare('client_family', node.clientFamily, item.client_family ?? null)
      compare('session_hash', node.sessionHash, session_hash)
      compare('request_count', node.requestCount, item.request_count)
      // A key's own list; null and none are the same.
      const multipliers = (node.providerKey?.rateMultipliers ?? []).map((one: object) => Object.values(one))
      compare('rate_multipliers', multipliers, Object.entries(item.rate_multipliers ?? {}).sort())
      compare(
        'the multiplier in force',
        node.rateMultiplier,
        item.rate_multipliers?.[node.endpoint?.apiFormat] ?? 1,
      )
      // Masks show more or less of a key on purpose, and begin as theirs do.
      compare('key_prefix, beginning', node.providerKey?.maskedKey?.slice(0, 2), item.key_prefix?.slice(0, 2))
      compare(
        'user_api_key_prefix, beginning',
        node.apiKey?.maskedKey?.slice(0, 2),
        item.user_api_key_prefix?.slice(0, 2),
      )
      for (const [ours, theirs] of [
        [node.createdAt, item.created_at],
        [node.expiresAt, item.expire_at],
      ] as const) {
        ages.push(Date.parse(ours) / 1_000 - theirs)
      }
      if (node.providerKey === null) continue
      expect(node.providerKey).toMatchObject({
        authType: 'api_key',
        rateMultiplier: 1,
        endpoint: null,
        provider: { id: item.provider_id },
      })
    }
    expect(different).toEqual([])
    for (const { equal, compared } of Object.values(counts))
      expect([equal, compared]).toEqual([items.length, items.length])
    expect([items.length, Object.keys(counts).length]).toEqual(isRust ? [115, 19] : [40, 20])
    expect(Math.max(...ages) - Math.min(...ages)).toBeLessThan(10)
    expect(items.some(({ rate_multipliers }) => rate_multipliers !== null)).toBe(true)
  })

  it('reads the same rows by one statement for all kinds as by one for each', async () => {
    const { database } = service.app
    const store = createGatewayStore(database)
    const idsOf = async (table: string) =>
      (await database.query(`SELECT id FROM ${table} ORDER BY id`, [])).map(([id]) => String(id))
    const reads = await Promise.all(
      (
        [
          ['users', 'users'],
          ['apiKeys', 'api_keys'],
          ['apiKeysWithOwners', 'api_keys'],
          ['providers', 'providers'],
          ['endpoints', 'provider_endpoints'],
          ['providerKeys', 'provider_api_keys'],
          ['globalModels', 'global_models'],
        ] as const
      ).map(async ([kind, table]) => ({ kind, ids: await idsOf(table) })),
    )
    const each: unknown[] = []
    for (const { kind, ids } of reads) each.push(await store[kind](ids))
    const statements = await service.statementsOf(async () => {
      const together = await Promise.all(reads.map(({ kind, ids }) => store[kind](ids)))
      expect(together).toEqual(each)
      expect(together.every((rows) => rows.length > 0)).toBe(true)
    })
    expect(statements).toHaveLength(1)
  })

  it('knows models by every name that leads to them', async () => {
    const store = createGatewayStore(service.app.database)
    const names = isRust
      ? ['gpt-large', 'gpt-large-2026', 'gpt-large-latest', 'up/gpt-small', '模型-一', 'nobody']
      : ['gpt-4o-mini', 'gpt-4o-mini-latest', 'gpt-4o-mini-2024', 'moxing-yi', 'nobody']
    const found = new Map((await store.globalModelsNamed(names)).map(({ name, model }) => [name, model]))
    expect(names.map((name) => found.get(name)?.name)).toEqual(
      isRust
        ? ['gpt-large', 'gpt-large', 'gpt-large', 'gpt-small', '模型-一', undefined]
        : ['gpt-4o-mini', 'gpt-4o-mini', 'gpt-4o-mini', '模型-一', undefined],
    )
    const [first = expect.fail('no model')] = found.values()
    expect((await store.namesOfGlobalModels([first.id])).sort()).toEqual(
      isRust
        ? ['gpt-large', 'gpt-large-2026', 'gpt-large-latest', 'up/gpt-large']
        : ['gpt-4o-mini', 'gpt-4o-mini-2024', 'gpt-4o-mini-latest'],
    )
  })

  it('finds models by a part of their names, and where pins hold names, those names', async () => {
    const { modelId = new Set() } = await createGatewayStore(service.app.database).idsNamed(
      isRust ? 'LARGE' : 'deepseek/CH',
    )
    const names = [...modelId].filter((id) => !isGlobalModelId(id)).sort()
    expect(modelId.size - names.length).toBe(1)
    expect(names).toEqual(isRust ? ['gpt-large', 'gpt-large-2026', 'gpt-large-latest', 'up/gpt-large'] : [])
  })

  it('finds an administrator without an e-mail, audit administrators, and roles that nobody knows', async () => {
    psql(
      service.databaseUrl,
      `ALTER TABLE users ALTER COLUMN role DROP DEFAULT, ALTER COLUMN role TYPE text USING role::text;
       UPDATE users SET email = NULL, role = 'owner' WHERE username = 'root';`,
    )
    const { userAffinities } = await ask(
      '{ userAffinities(identifier: "root") { ... on UserAffinities { user { username email role } } } }',
    )
    expect(userAffinities.user).toEqual({ username: 'root', email: null, role: 'USER' })
    psql(service.databaseUrl, `UPDATE users SET role = 'audit_admin' WHERE username = 'root'`)
    const again = await ask(
      '{ userAffinities(identifier: "root") { ... on UserAffinities { user { role } } } }',
    )
    expect(again.userAffinities.user).toEqual({ role: 'AUDIT_ADMIN' })
  })

  it('masks no key of another type, takes JSON null for unset, and a null format for none', async () => {
    const [item = expect.fail('no pin')] = listed(folder)
    psql(
      service.databaseUrl,
      `UPDATE provider_api_keys SET auth_type = 'oauth', api_formats = 'null', rate_multipliers = 'null'
         WHERE id = '${item.key_id}';
       UPDATE provider_endpoints SET ${isRust ? 'api_format' : 'api_family'} = NULL WHERE id = '${item.endpoint_id}'`,
    )
    await pin(item)
    const shown = async () =>
      (
        await ask(`{ affinities(filter: { affinityKey: "somebody" }) { nodes {
          rateMultiplier endpoint { apiFormat } providerKey { maskedKey authType apiFormats rateMultipliers { apiFormat } } } } }`)
      ).affinities.nodes
    await expect.poll(shown).toEqual([
      {
        rateMultiplier: 1,
        endpoint: { apiFormat: null },
        providerKey: { maskedKey: null, authType: 'oauth', apiFormats: null, rateMultipliers: [] },
      },
    ])
  })

  it('tells the scheduling modes of this generation', async () => {
    const modes = async (value: string) => {
      psql(service.databaseUrl, `UPDATE system_configs SET value = '${value}' WHERE key = 'scheduling_mode'`)
      if (
        psql(service.databaseUrl, `SELECT 1 FROM system_configs WHERE key = 'scheduling_mode'`).trim() === ''
      ) {
        psql(
          service.databaseUrl,
          `INSERT INTO system_configs (id, key, value) VALUES ('mode', 'scheduling_mode', '${value}')`,
        )
      }
      return Object.values((await ask('{ gateway { schedulingMode pinsAreHonoured } }')).gateway)
    }
    expect(await modes('" Fixed_Order "')).toEqual(['fixed_order', false])
    expect(await modes('"load_balance"')).toEqual(['load_balance', false])
    expect(await modes('"no such mode"')).toEqual(['cache_affinity', true])
    expect(await modes('null')).toEqual(['cache_affinity', true])
    if (!isRust) return
    const group = (id: string, isDefault: boolean, mode: string, enabled = true) =>
      psql(
        service.databaseUrl,
        `INSERT INTO routing_groups (id, name, enabled, is_system_default, config_json, created_at, updated_at)
           VALUES ('${id}', '${id}', ${enabled}, ${isDefault}, '{"default_policy": {"scheduling_mode": ${mode}}}', 1, 1)`,
      )
    group('unset', true, 'null')
    group('off', false, '"fixed_order"', false)
    group('unbound', false, '"fixed_order"')
    expect(await modes('"cache_affinity"')).toEqual(['cache_affinity', true])
    psql(service.databaseUrl, `DELETE FROM routing_groups WHERE id = 'unset'`)
    group('default', true, '"load_balance"')
    expect(await modes('"cache_affinity"')).toEqual(['load_balance', false])
    group('bound', false, '"cache_affinity"')
    psql(
      service.databaseUrl,
      `INSERT INTO routing_group_bindings (id, group_id, subject_type, subject_id, created_at, updated_at)
         VALUES ('one', 'bound', 'user', 'somebody', 1, 1)`,
    )
    expect(await modes('"fixed_order"')).toEqual(['load_balance', true])
  })
})

/** What the usage rows of a gateway fill, which the fixtures of the first generation do not have. */
const USAGE_FIGURES = ['cacheUsage', 'switchCosts', 'ttlAdvice', 'requestIntervals']

describe('a gateway that is upgraded beside us', () => {
  it('is read anew by the statement that meets the change, with no restart', async () => {
    const service = await startTestApp({ redis: 'empty' })
    const { data: before } = await service.query('{ gateway { generation missing { field } } }')
    expect(before.gateway).toEqual({
      generation: 'ENDPOINT_KEYS',
      missing: USAGE_FIGURES.map((field) => ({ field })),
    })
    psql(
      service.databaseUrl,
      `ALTER TABLE provider_api_keys ADD COLUMN provider_id varchar(36), ADD COLUMN api_formats json,
         ADD COLUMN rate_multipliers json, ADD COLUMN auth_type varchar(20), ADD COLUMN circuit_breaker_by_format jsonb;
       UPDATE provider_api_keys SET provider_id = e.provider_id FROM provider_endpoints e WHERE e.id = endpoint_id;
       ALTER TABLE provider_api_keys DROP COLUMN endpoint_id, DROP COLUMN rate_multiplier, DROP COLUMN circuit_breaker_open;
       ALTER TABLE providers DROP COLUMN display_name`,
    )
    const [row = ''] = psql(
      service.databaseUrl,
      'SELECT id, provider_id FROM provider_api_keys LIMIT 1',
    ).split('\n')
    const [key = '', provider = ''] = row.split('|')
    await service.redis.client().set(
      'cache_affinity:somebody:CLAUDE:model',
      JSON.stringify({
        provider_id: provider,
        endpoint_id: 'gone',
        key_id: key,
        created_at: Date.now() / 1_000,
        expire_at: Date.now() / 1_000 + 300,
        request_count: 1,
      }),
      'EX',
      300,
    )
    const document =
      '{ affinities { nodes { provider { displayName } providerKey { endpoint { id } provider { id } } } } }'
    await expect
      .poll(async () => (await service.query(document)).data.affinities.nodes)
      .toEqual([
        {
          provider: { displayName: expect.any(String) },
          providerKey: { endpoint: null, provider: { id: provider } },
        },
      ])
    const { data: after } = await service.query('{ gateway { generation missing { field } } }')
    expect(after.gateway).toEqual({
      generation: 'PROVIDER_KEYS',
      missing: USAGE_FIGURES.map((field) => ({ field })),
    })
    await service.close()
  })

  it('is looked at each minute, and what is found is told where it is something else', async () => {
    const url = freshDatabase()
    const database = createPgDatabase({ url })
    const gateway = createAetherGateway(database, { encryptionKey: 'any' })
    await gateway.schema.prepare()
    const told: GatewayTraits[] = []
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const stop = gateway.watch((traits) => told.push(traits))
    const looked = async () => {
      const answered = new Promise<void>((resolve) => {
        const remove = database.onQuery(() => {
          remove()
          resolve()
        })
      })
      vi.advanceTimersByTime(60_000)
      await answered
      await gateway.store.providers([])
    }
    await looked()
    expect(told).toEqual([])
    psql(url, 'ALTER TABLE users DROP COLUMN email; CREATE TABLE unrelated (id int)')
    await looked()
    expect(told.map(({ missing }) => missing)).toEqual([
      [
        { field: 'User.email', needs: 'users.email' },
        ...USAGE_FIGURES.map((field) => expect.objectContaining({ field })),
      ],
    ])
    psql(url, 'CREATE TABLE routing_groups (id text); ALTER TABLE provider_api_keys DROP COLUMN endpoint_id')
    await looked()
    expect(told.map(({ generation }) => generation)).toEqual(['ENDPOINT_KEYS', 'PROCESS_MEMORY'])
    expect(gateway.traits().redisDecidesRouting).toBe(false)
    stop()
    vi.useRealTimers()
    await database.close()
  })
})

/** What these tables alone cannot tell of a pin. */
const UNTOLD_REASONS = [
  ...['ENDPOINT_DELETED', 'ENDPOINT_OF_OTHER_FORMAT', 'PROVIDER_KEY_DELETED', 'MODEL_DELETED'],
  ...['MODEL_NOT_AT_PROVIDER', 'MODEL_NOT_ALLOWED', 'MODEL_NOT_ON_PROVIDER_KEY'],
]

describe('a gateway with nothing but users, API keys and providers', () => {
  it('is started beside, and what the tables cannot tell is named', async () => {
    const databaseUrl = freshDatabase()
    psql(
      databaseUrl,
      `DROP TABLE audit_logs, system_configs, models, global_models, provider_api_keys, provider_endpoints CASCADE;
       ALTER TABLE users DROP COLUMN username, DROP COLUMN role`,
    )
    const service = await startTestApp({ redis: 'empty', env: { DATABASE_URL: databaseUrl } })
    const { data, errors } = await service.query(
      '{ gateway { schedulingMode pinsAreHonoured missing { field needs } } cacheStats { schedulingMode priorityMode } }',
    )
    expect(errors).toEqual([])
    expect(data).toEqual({
      gateway: {
        schedulingMode: null,
        pinsAreHonoured: null,
        missing: [
          { field: 'User.username', needs: 'users.username' },
          { field: 'User.role', needs: 'users.role' },
          { field: 'Endpoint', needs: 'provider_endpoints.id' },
          { field: 'ProviderKey', needs: 'provider_api_keys.id' },
          { field: 'GlobalModel', needs: 'global_models.id' },
          { field: 'ModelMapping', needs: 'models.id' },
          { field: 'login', needs: 'users.role' },
          { field: 'Gateway.schedulingMode', needs: 'system_configs.key and system_configs.value' },
          { field: 'auditEvents', needs: expect.stringContaining('audit_logs.event_type') },
          ...UNTOLD_REASONS.map((reason) => ({
            field: `Affinity.staleReasons (${reason})`,
            needs: expect.stringMatching(/^(provider_endpoints|provider_api_keys|global_models|models)\.id/),
          })),
          ...USAGE_FIGURES.map((field) => ({ field, needs: expect.stringContaining('usage.created_at') })),
        ],
      },
      cacheStats: { schedulingMode: null, priorityMode: null },
    })
    const clear = await service.query(
      'mutation { clearAllCache(confirm: true) { __typename ... on UnavailableError { code } } }',
    )
    expect(clear.data?.clearAllCache ?? clear.errors[0]?.extensions['code']).toEqual({
      __typename: 'UnavailableError',
      code: 'DATABASE_UNAVAILABLE',
    })
    await service.close()
  })
})
