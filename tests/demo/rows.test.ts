import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isGlobalModelId } from '../../src/affinities/affinity-record.js'
import { DEMO_ADMIN } from '../../src/demo/people.js'
import { DEMO_DEMANDS } from '../../src/demo/routes.js'
import { seedDemo } from '../../src/demo/rows.js'
import { createGatewayStore } from '../../src/gateway/aether/aether-gateway.js'
import { createDecrypter } from '../../src/gateway/aether/fernet.js'
import { makeTables } from '../../src/gateway/aether/schema/aether-schema.js'
import { maskKey } from '../../src/gateway/masking.js'
import { createPgliteDatabase, type Database } from '../../src/postgres/database.js'
import { freshPglite } from '../support/servers/pglite.js'

const OPTIONS = { encryptionKey: 'rows-test-encryption-key', passwordHash: '$2b$04$not-a-real-hash' }

const directory = mkdtempSync(join(tmpdir(), 'affinityql-demo-'))
let database: Database

beforeAll(async () => {
  database = createPgliteDatabase({ dataDir: await freshPglite(join(directory, 'pg')) })
  await makeTables(database)
  await seedDemo(database.query, OPTIONS)
})
afterAll(async () => {
  await database.close()
  rmSync(directory, { recursive: true, force: true })
})

async function everyRow() {
  const { prisma } = database
  const store = createGatewayStore(database)
  const byId = { orderBy: { id: 'asc' } } as const
  const idsOf = (rows: readonly { readonly id: string }[]) => rows.map(({ id }) => id)
  return {
    users: await prisma.user.findMany(byId),
    apiKeys: await prisma.apiKey.findMany(byId),
    providers: await prisma.provider.findMany(byId),
    endpoints: await prisma.endpoint.findMany(byId),
    providerKeys: await store.providerKeys(idsOf(await prisma.providerKey.findMany(byId))),
    globalModels: await prisma.globalModel.findMany(byId),
    models: await prisma.model.findMany(byId),
    systemConfigs: await prisma.systemConfig.findMany(byId),
  }
}

describe('the demo world', () => {
  it('is a small gateway with one administrator', async () => {
    const rows = await everyRow()
    expect(Object.fromEntries(Object.entries(rows).map(([table, found]) => [table, found.length]))).toEqual({
      users: 13,
      apiKeys: 26,
      providers: 4,
      endpoints: 7,
      providerKeys: 12,
      globalModels: 8,
      models: 12,
      systemConfigs: 2,
    })
    expect(rows.users.filter(({ role }) => role === 'admin')).toMatchObject([
      {
        id: DEMO_ADMIN.id,
        username: 'admin',
        email: 'admin@example.com',
        passwordHash: OPTIONS.passwordHash,
      },
    ])
  })

  it('has names that a careless program trips over', async () => {
    const { users, globalModels } = await everyRow()
    expect(users.map(({ username }) => username)).toEqual(expect.arrayContaining(['张伟', 'zoë', "o'brien"]))
    expect(globalModels.map(({ name }) => name)).toContain('llama3:8b')
  })

  it('has something of each kind that makes a pin stale', async () => {
    const { prisma } = database
    const expired = { expiresAt: { lt: new Date('2025-09-01') } }
    const counts = {
      inactiveUsers: await prisma.user.count({ where: { isActive: false } }),
      inactiveApiKeys: await prisma.apiKey.count({ where: { isActive: false } }),
      expiredApiKeys: await prisma.apiKey.count({ where: expired }),
      standaloneApiKeys: await prisma.apiKey.count({ where: { isStandalone: true } }),
      inactiveProviders: await prisma.provider.count({ where: { isActive: false } }),
      openCircuits: (await everyRow()).providerKeys.filter((key) => key.isCircuitOpen).length,
      expiredProviderKeys: await prisma.providerKey.count({ where: expired }),
      inactiveModels: await prisma.globalModel.count({ where: { isActive: false } }),
    }
    expect(new Set(Object.values(counts))).toEqual(new Set([1]))
  })

  it('has no traffic whose pins its scheduler would not use', async () => {
    const pins = DEMO_DEMANDS.flatMap(({ apiFormat, globalModel, routes }) =>
      routes.map(({ pin }) => ({ ...pin, apiFormat, modelId: globalModel.id })),
    )
    const { apiKeys } = await everyRow()
    const usual = apiKeys.find(({ isActive, expiresAt }) => isActive && expiresAt === null)?.id ?? ''
    const judge = await createGatewayStore(database).judge({
      affinityKey: [usual],
      providerId: pins.map(({ providerId }) => providerId),
      endpointId: pins.map(({ endpointId }) => endpointId),
      providerKeyId: pins.map(({ providerKeyId }) => providerKeyId),
      modelId: pins.map(({ modelId }) => modelId),
      modelName: [],
    })
    const verdicts = pins.map((pin) =>
      judge.verdictOf({
        ...{ ...pin, affinityKey: usual, modelIs: 'id', family: 'cache_affinity', clientFamily: undefined },
        epoch: undefined,
      }),
    )
    expect(verdicts.filter(({ usability }) => usability === 'STALE')).toEqual([])
  })

  it('encrypts obvious fakes with the given key: two cannot be decrypted, one is too short to show', async () => {
    const { apiKeys, providerKeys } = await everyRow()
    const decrypt = createDecrypter(OPTIONS.encryptionKey)
    const secrets = [
      ...apiKeys.map(({ keyEncrypted }) => decrypt(keyEncrypted)),
      ...providerKeys.map(({ storedKey }) => decrypt(storedKey)),
    ]
    const readable = secrets.flatMap((secret) => (secret === undefined ? [] : [secret]))
    expect(secrets.length - readable.length).toBe(2)
    expect(readable.every((secret) => secret.startsWith('sk-demo'))).toBe(true)
    expect(new Set(readable).size).toBe(readable.length)
    expect(readable.map(maskKey).filter((masked) => masked === 'sk********')).toHaveLength(1)
  })

  it('has ids of the form that the gateway gives, a different one for every row', async () => {
    const ids = Object.values(await everyRow()).flatMap((rows) => rows.map(({ id }) => id))
    expect(ids.filter((id) => !isGlobalModelId(id))).toEqual([])
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('has the same ids for ever, so that links stay good', () => {
    expect(DEMO_ADMIN.id).toBe('17883bb2-5bbe-83cf-8778-5ecaf5831903')
  })

  it('knows the scheduling mode and the further names of models', async () => {
    const { systemConfigs, models } = await everyRow()
    expect(Object.fromEntries(systemConfigs.map(({ key, value }) => [key, value]))).toEqual({
      scheduling_mode: 'cache_affinity',
      provider_priority_mode: 'provider',
    })
    const mappings = models.map(({ providerModelMappings }) => providerModelMappings)
    expect(mappings).toContainEqual([
      { name: 'claude-sonnet-latest', priority: 1 },
      { name: 'sonnet', priority: 2 },
    ])
    expect(mappings).toContain(null)
  })

  it('is left as it is by a second start, with whatever was changed since, but for the password that is shown', async () => {
    await database.prisma.user.update({ where: { id: DEMO_ADMIN.id }, data: { lastLoginAt: new Date(0) } })
    const before = await everyRow()
    await database.close()
    database = createPgliteDatabase({ dataDir: join(directory, 'pg') })
    await makeTables(database)
    await seedDemo(database.query, { encryptionKey: 'another', passwordHash: 'another' })
    const users = before.users.map((user) =>
      user.id === DEMO_ADMIN.id ? { ...user, passwordHash: 'another' } : user,
    )
    expect(await everyRow()).toEqual({ ...before, users })
  })

  it('arrives as a whole or not at all', async () => {
    const another = createPgliteDatabase({ dataDir: await freshPglite() })
    try {
      await makeTables(another)
      await another.prisma.systemConfig.create({
        data: {
          id: 'mine',
          key: 'scheduling_mode',
          value: 'fixed_order',
          createdAt: new Date(),
          updatedAt: new Date(),
        },
      })
      await expect(seedDemo(another.query, OPTIONS)).rejects.toThrow()
      expect(await another.prisma.user.count()).toBe(0)
    } finally {
      await another.close()
    }
  })
})
