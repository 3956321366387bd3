import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createGatewayStore } from '../../src/gateway/aether/aether-gateway.js'
import type { GatewayRows } from '../../src/gateway/gateway.js'
import { createLoaders, type Loaders } from '../../src/loaders/index.js'
import { createPgDatabase, type Database } from '../../src/postgres/database.js'
import { FIXTURE_ADMIN } from '../support/fixtures.js'
import { freshDatabase } from '../support/servers/shared.js'

const ALICE = '73ab4876-7734-47c1-87fd-e805ec99108d'
const BOB = '244caf9c-4dab-4481-b253-edc618187993'
const BOBS_KEY = '919dcc0f-8ccd-480c-a076-256001b8d526'
const DAVES_KEY = 'db54e659-962e-4835-9c99-19f28afe332d'

describe('loaders over a real database', () => {
  let database: Database
  let gateway: GatewayRows
  let loaders: Loaders
  let statements: string[]
  beforeAll(async () => {
    database = createPgDatabase({ url: freshDatabase(), onError: () => {} })
    gateway = createGatewayStore(database)
    // The first read looks at the tables.
    await gateway.users([])
    database.onQuery((sql) => statements.push(sql))
  })
  beforeEach(() => {
    loaders = createLoaders(gateway)
    statements = []
  })
  afterAll(() => database.close())

  it('load rows by id, with null where there is none', async () => {
    const [root, nobody] = await Promise.all([
      loaders.users.load(FIXTURE_ADMIN.id),
      loaders.users.load('nobody'),
    ])
    expect(root).toMatchObject({ username: 'root', role: 'admin' })
    expect(nobody).toBeNull()
    expect(statements).toHaveLength(1)
  })

  it('load every kind of row that is asked in a turn with one statement', async () => {
    await Promise.all(
      [
        loaders.users,
        loaders.apiKeys.byId,
        loaders.providers,
        loaders.endpoints,
        loaders.providerKeys,
        loaders.globalModels,
      ].map(async (loader) => {
        await loader.prime(['one', 'two'])
        expect(loader.load('one')).toBeNull()
      }),
    )
    expect(statements).toHaveLength(1)
  })

  it('load the scheduling modes in one statement, however many fields ask for them', async () => {
    const [first, second] = await Promise.all([loaders.schedulingModes(), loaders.schedulingModes()])
    expect(first).toEqual({
      schedulingMode: 'cache_affinity',
      priorityMode: 'global_key',
      pinsAreHonoured: true,
    })
    expect(second).toBe(first)
    expect(statements).toHaveLength(1)
  })

  it('load the keys of many users in one statement, oldest first, and none for a user without', async () => {
    const [bobs, alices, nobodys] = await Promise.all(
      [BOB, ALICE, 'nobody'].map((id) => loaders.apiKeys.byUser.load(id)),
    )
    expect(bobs?.map(({ userId }) => userId)).toEqual(bobs?.map(() => BOB))
    expect(bobs?.map(({ id }) => id)).toEqual(
      [...(bobs ?? [])]
        .sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime() || (a.id < b.id ? -1 : 1))
        .map(({ id }) => id),
    )
    expect(bobs?.length).toBeGreaterThan(1)
    expect(alices).toBeInstanceOf(Array)
    expect(nobodys).toEqual([])
    expect(statements).toHaveLength(1)
  })

  it('load keys with their users in one statement, the same as two statements would', async () => {
    await loaders.apiKeys.primeWithOwners([BOBS_KEY, DAVES_KEY, 'gone'])
    const key = loaders.apiKeys.byId.load(BOBS_KEY)
    const owner = loaders.users.load(BOB)
    expect(loaders.apiKeys.byId.load('gone')).toBeNull()
    expect(statements).toHaveLength(1)

    const others = createLoaders(gateway)
    expect(key).toEqual(await others.apiKeys.byId.load(BOBS_KEY))
    expect(owner).toEqual(await others.users.load(BOB))
  })

  it('load keys with all their users’ other keys in one statement, the same as two statements would', async () => {
    await loaders.apiKeys.primeWithSiblings([BOBS_KEY, DAVES_KEY, 'gone'])
    expect(statements).toHaveLength(1)
    const key = loaders.apiKeys.byId.load(BOBS_KEY)
    const siblings = loaders.apiKeys.byUser.load(BOB)
    expect(loaders.users.load(BOB)).toMatchObject({ username: 'bob' })
    expect(loaders.apiKeys.byId.load('gone')).toBeNull()
    expect(statements).toHaveLength(1)

    const others = createLoaders(gateway)
    expect(key).toEqual(await others.apiKeys.byId.load(BOBS_KEY))
    expect(siblings).toEqual(await others.apiKeys.byUser.load(BOB))
  })

  it('go on to load single keys after keys with siblings', async () => {
    await loaders.apiKeys.primeWithSiblings([BOBS_KEY])
    statements = []
    expect(await loaders.apiKeys.byId.load(DAVES_KEY)).toMatchObject({ id: DAVES_KEY })
    expect(statements).toHaveLength(1)
    expect(statements[0]).not.toContain('JOIN')
  })

  it('load a hundred thousand ids, which is more than one statement can carry', async () => {
    const ids = Array.from({ length: 100_000 }, (_, n) => `id-${n}`)
    await loaders.apiKeys.byId.prime([...ids, BOBS_KEY])
    expect(loaders.apiKeys.byId.load(BOBS_KEY)).toMatchObject({ id: BOBS_KEY })
    expect(loaders.apiKeys.byId.load('id-99999')).toBeNull()

    await loaders.apiKeys.primeWithSiblings([...ids.map((id) => `other-${id}`), DAVES_KEY])
    expect(loaders.apiKeys.byId.load(DAVES_KEY)).toMatchObject({ id: DAVES_KEY })
  })
})
