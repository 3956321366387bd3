/**
 * The seam for gateways: this file makes a gateway up and hands it to the composition, and no other file knows of it. Its
 * tables and columns have other names, it keeps its keys otherwise, and it has other fixed figures.
 */
import { hashSync } from '@node-rs/bcrypt'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type App, createApp } from '../../src/app.js'
import type { AdminAccount, GatewayTraits, OpenGateway } from '../../src/gateway/gateway.js'
import type { GatewayLists, Listed, ListedRows, ListSelection } from '../../src/gateway/lists.js'
import type {
  ApiKeyRow,
  EndpointRow,
  GlobalModelRow,
  ProviderKeyRow,
  ProviderRow,
  UserRow,
} from '../../src/gateway/rows.js'
import type { TableOf } from '../../src/gateway/table-reader.js'
import { createPairReader, createTableReader, type RunQuery } from '../../src/gateway/table-reader.js'
import type { Judge, PinIds, StaleReason } from '../../src/gateway/usability.js'
import { ask, testConfig } from '../support/app.js'
import { psql } from '../support/servers/postgres.js'
import type { RedisServer } from '../support/servers/redis.js'
import { freshDatabase, freshRedis } from '../support/servers/shared.js'

const PASSWORD = 'a made-up password'
const MODEL = '00000000-0000-4000-8000-00000000000a'

/** Beside them nothing is left but `audit_logs`: whoever would still ask for another gateway's table would fail. */
const TABLES_SQL = `
  DROP TABLE users, api_keys, providers, provider_endpoints, provider_api_keys, global_models, models, system_configs CASCADE;
  CREATE TABLE people (person text, nick text, mail text, secret text, post text, here boolean, gone boolean);
  INSERT INTO people VALUES
    ('person-1', 'ada', 'ada@made.up', '${hashSync(PASSWORD, 4)}', 'admin', true, false),
    ('person-2', 'bela', 'bela@made.up', '', 'user', true, false);
  CREATE TABLE tickets (ticket text, holder text, label text, sealed text, own boolean, valid boolean, ends timestamptz, made timestamptz);
  INSERT INTO tickets VALUES
    ('ticket-1', 'person-2', 'Laptop', 'sealed:AABB-eno-tekcit-ks', false, true, NULL, '2026-01-01Z'),
    ('ticket-2', 'person-2', 'Stopped', 'sealed by somebody else', false, false, NULL, '2026-01-02Z');
  CREATE TABLE suppliers (supplier text, code text, title text, works boolean);
  INSERT INTO suppliers VALUES ('supplier-1', 'north', 'Northern Models', true), ('supplier-2', 'south', 'Southern Models', true);
  CREATE TABLE lines (line text, supplier text, dialect text, address text, works boolean);
  INSERT INTO lines VALUES ('line-1', 'supplier-1', 'CLAUDE', 'https://north.example', true);
  CREATE TABLE badges (badge text, line text, supplier text, label text, sealed text, kind text, factor float8, factors json, dialects json, minutes int, works boolean, ends timestamptz, tripped boolean, trips json);
  INSERT INTO badges VALUES ('badge-1', 'line-1', NULL, 'main badge', 'sealed:DDCC-eno-egdab-ks', 'api_key', 1.5, '[]', NULL, 5, true, NULL, true, '[]');
  CREATE TABLE catalogue (entry text, code text, title text, works boolean);
  INSERT INTO catalogue VALUES ('${MODEL}', 'great-model', 'Great Model', true);
  CREATE TABLE offers (supplier text, entry text, called text);
  INSERT INTO offers VALUES ('supplier-1', '${MODEL}', 'great'), ('supplier-2', '${MODEL}', 'grand');`

const PEOPLE: TableOf<UserRow> = {
  name: 'people',
  columns: {
    id: 'String',
    username: 'String',
    email: 'String?',
    role: 'String',
    isActive: 'Boolean',
    isDeleted: 'Boolean',
  },
  columnNames: {
    id: 'person',
    username: 'nick',
    email: 'mail',
    role: 'post',
    isActive: 'here',
    isDeleted: 'gone',
  },
}

const ACCOUNTS: TableOf<UserRow & { readonly passwordHash: string | null }> = {
  name: 'people',
  columns: { ...PEOPLE.columns, passwordHash: 'String?' },
  columnNames: { ...PEOPLE.columnNames, passwordHash: 'secret' },
}

const TICKETS: TableOf<ApiKeyRow> = {
  name: 'tickets',
  columns: {
    id: 'String',
    userId: 'String',
    name: 'String?',
    storedKey: 'String?',
    isStandalone: 'Boolean',
    isActive: 'Boolean',
    expiresAt: 'DateTime?',
    createdAt: 'DateTime',
  },
  columnNames: {
    id: 'ticket',
    userId: 'holder',
    name: 'label',
    storedKey: 'sealed',
    isStandalone: 'own',
    isActive: 'valid',
    expiresAt: 'ends',
    createdAt: 'made',
  },
}

const SUPPLIERS: TableOf<ProviderRow> = {
  name: 'suppliers',
  columns: { id: 'String', name: 'String', displayName: 'String', isActive: 'Boolean' },
  columnNames: { id: 'supplier', name: 'code', displayName: 'title', isActive: 'works' },
}

const LINES: TableOf<EndpointRow> = {
  name: 'lines',
  columns: {
    id: 'String',
    providerId: 'String',
    apiFormat: 'String?',
    baseUrl: 'String',
    isActive: 'Boolean',
  },
  columnNames: {
    id: 'line',
    providerId: 'supplier',
    apiFormat: 'dialect',
    baseUrl: 'address',
    isActive: 'works',
  },
}

const BADGES: TableOf<ProviderKeyRow> = {
  name: 'badges',
  columns: {
    id: 'String',
    endpointId: 'String?',
    providerId: 'String?',
    name: 'String',
    storedKey: 'String?',
    authType: 'String',
    rateMultiplier: 'Float',
    rateMultipliers: 'Json',
    apiFormats: 'Json?',
    cacheTtlMinutes: 'Int',
    isActive: 'Boolean',
    expiresAt: 'DateTime?',
    isCircuitOpen: 'Boolean',
    openBreakers: 'Json',
  },
  columnNames: {
    id: 'badge',
    endpointId: 'line',
    providerId: 'supplier',
    name: 'label',
    storedKey: 'sealed',
    authType: 'kind',
    rateMultiplier: 'factor',
    rateMultipliers: 'factors',
    apiFormats: 'dialects',
    cacheTtlMinutes: 'minutes',
    isActive: 'works',
    expiresAt: 'ends',
    isCircuitOpen: 'tripped',
    openBreakers: 'trips',
  },
}

const CATALOGUE: TableOf<GlobalModelRow> = {
  name: 'catalogue',
  columns: { id: 'String', name: 'String', displayName: 'String', isActive: 'Boolean' },
  columnNames: { id: 'entry', name: 'code', displayName: 'title', isActive: 'works' },
}

interface Offer {
  readonly providerId: string
  readonly globalModelId: string
  readonly name: string
}

const OFFERS: TableOf<Offer> = {
  name: 'offers',
  columns: { providerId: 'String', globalModelId: 'String', name: 'String' },
  columnNames: { providerId: 'supplier', globalModelId: 'entry', name: 'called' },
}

/** Seals a key by turning it round. */
const unseal = (stored: string | null): string | undefined =>
  stored?.startsWith('sealed:') ? [...stored.slice('sealed:'.length)].reverse().join('') : undefined

async function idsNamed(query: RunQuery, text: string) {
  const found = {
    affinityKey: new Set<string>(),
    providerId: new Set<string>(),
    providerKeyId: new Set<string>(),
    modelId: new Set<string>(),
  }
  const named = [
    `SELECT 'affinityKey', ticket, label || '/' || nick FROM tickets JOIN people ON person = holder`,
    `SELECT 'providerId', supplier, code FROM suppliers`,
    `SELECT 'providerKeyId', badge, label FROM badges`,
    `SELECT 'modelId', entry, code FROM catalogue`,
  ].join(' UNION ALL ')
  const rows = await query(
    `SELECT * FROM (${named}) AS named (kind, id, name) WHERE strpos(lower(name), lower($1)) > 0`,
    [text],
  )
  for (const [kind, id] of rows) found[kind as keyof typeof found].add(String(id))
  return found
}

/** Its tables are so small that a list reads all of one, and sorts it here. */
function madeUpLists(query: RunQuery): GatewayLists {
  const all: { readonly [Kind in Listed]: () => Promise<ListedRows[Kind][]> } = {
    users: () => createTableReader(query, PEOPLE, 'person <> ALL($1)')([]),
    providers: () => createTableReader(query, SUPPLIERS, 'supplier <> ALL($1)')([]),
    providerKeys: () => createTableReader(query, BADGES, 'badge <> ALL($1)')([]),
    globalModels: () => createTableReader(query, CATALOGUE, 'entry <> ALL($1)')([]),
  }
  const placeOf = (row: ListedRows[Listed]) => `${'username' in row ? row.username : row.name} ${row.id}`
  const selected = async <Kind extends Listed>(kind: Kind, { search = '', isActive }: ListSelection) =>
    (await all[kind]())
      .filter((row) => placeOf(row).includes(search) && (isActive ?? row.isActive) === row.isActive)
      .sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1))
  return {
    list: async (kind, { selection, first, after }) =>
      (await selected(kind, selection))
        .filter((row) => after === undefined || placeOf(row) > `${after.name} ${after.id}`)
        .slice(0, first),
    countListed: async (kind, selection) => (await selected(kind, selection)).length,
    isListedUpTo: async (kind, selection, { name, id }) =>
      (await selected(kind, selection)).some((row) => placeOf(row) <= `${name} ${id}`),
  }
}

/** Its scheduler looks at two things alone: whether a ticket is valid, and whether a badge has tripped. */
async function madeUpJudge(query: RunQuery, { affinityKey, providerKeyId }: PinIds): Promise<Judge> {
  const tickets = await createTableReader(query, TICKETS)(affinityKey)
  const badges = await createTableReader(query, BADGES)(providerKeyId)
  return {
    knows: () => true,
    likeness: {
      affinityKey: (id) => affinityKey.indexOf(id),
      providerKeyId: (id) => providerKeyId.indexOf(id),
    },
    verdictOf(pin) {
      const staleReasons: StaleReason[] = []
      if (tickets.some(({ id, isActive }) => id === pin.affinityKey && !isActive))
        staleReasons.push('API_KEY_INACTIVE')
      if (badges.some(({ id, isCircuitOpen }) => id === pin.providerKeyId && isCircuitOpen)) {
        staleReasons.push('CIRCUIT_OPEN')
      }
      return { usability: staleReasons.length > 0 ? 'STALE' : 'USABLE', staleReasons, conditions: [] }
    },
  }
}

const FIGURES = {
  affinityTtlSeconds: 77,
  modelCacheTtlSeconds: 78,
  dynamicReservation: {
    probePhaseRequests: 7,
    probeReservation: 0.2,
    stableMinReservation: 0.3,
    stableMaxReservation: 0.4,
    lowLoadThreshold: 0.6,
    highLoadThreshold: 0.7,
  },
}

const TRAITS: GatewayTraits = {
  generation: 'ENDPOINT_KEYS',
  missing: [],
  redisDecidesRouting: true,
  hasModelMappingCaches: true,
  hasReservation: true,
  keyFamilies: ['cache_affinity'],
  hasPoolSessions: false,
}

const openMadeUpGateway: OpenGateway = ({ query }) => {
  const ownedTickets = (condition: string) => {
    const read = createPairReader(query, TICKETS, PEOPLE, 'holder', condition)
    return async (ids: readonly string[]) =>
      (await read(ids)).map(({ row, other }) => ({ apiKey: row, owner: other }))
  }
  const offers = createPairReader(query, OFFERS, SUPPLIERS, 'supplier', 'offers.entry = ANY($1)')
  const catalogue = createTableReader(query, CATALOGUE)
  const named = createTableReader(query, CATALOGUE, 'code = ANY($1)')
  const accounts = createTableReader(query, ACCOUNTS)
  const accountsNamed = createTableReader(query, ACCOUNTS, 'mail = ANY($1) OR nick = ANY($1)')
  const first = (rows: Awaited<ReturnType<typeof accounts>>): AdminAccount | null =>
    rows[0] ? { ...rows[0], createdAt: null } : null
  const peopleNamed = createTableReader(query, PEOPLE, 'person = ANY($1) OR nick = ANY($1) OR mail = ANY($1)')
  return {
    schema: {
      tables: [PEOPLE, TICKETS, SUPPLIERS, LINES, BADGES, CATALOGUE, OFFERS].map(({ name }) => name),
      usageTables: [],
      prepare: async () => {},
      makeTables: async () => {},
      inspect: async () => ({ problems: [], traits: TRAITS }),
      searchIndexes: async () => ({ apiKeys: 2, complete: true }),
    },
    store: {
      users: createTableReader(query, PEOPLE),
      apiKeys: createTableReader(query, TICKETS),
      apiKeysOfUsers: createTableReader(query, TICKETS, 'holder = ANY($1)'),
      apiKeysWithOwners: ownedTickets('ticket = ANY($1)'),
      apiKeysWithSiblings: ownedTickets('holder IN (SELECT holder FROM tickets WHERE ticket = ANY($1))'),
      providers: createTableReader(query, SUPPLIERS),
      endpoints: createTableReader(query, LINES),
      providerKeys: createTableReader(query, BADGES),
      globalModels: catalogue,
      routingScopes: async () => [],
      judge: (ids) => madeUpJudge(query, ids),
      servingModels: async (ids) =>
        (await offers(ids)).flatMap(({ row, other }) =>
          other ? [{ globalModelId: row.globalModelId, names: [row.name], provider: other }] : [],
        ),
      globalModelsNamed: async (names) => (await named(names)).map((model) => ({ name: model.name, model })),
      namesOfGlobalModels: async (ids) => (await catalogue(ids)).map(({ name }) => name),
      schedulingModes: async () => ({
        schedulingMode: 'fixed_order',
        priorityMode: 'global_key',
        pinsAreHonoured: false,
      }),
      usersNamed: (text) => peopleNamed([text]),
      idsNamed: (text) => idsNamed(query, text),
      scannedRows: async () => ({
        search: 10,
        apiKeysOfUsers: 0,
        lists: { users: 2, providers: 2, providerKeys: 1, globalModels: 1 },
      }),
      ...madeUpLists(query),
    },
    usage: { cacheSums: async () => null, rowsToSum: async () => 0, rowsIn: async () => 0 },
    chains: { switchSums: async () => null, ttlSums: async () => null, intervals: async () => null },
    directory: {
      generation: async () => 'ENDPOINT_KEYS',
      holderOf: async (id) => ({
        generation: 'ENDPOINT_KEYS',
        account: first(await accounts([id])),
        session: undefined,
      }),
      findByName: async (name) => first(await accountsNamed([name])),
      findManagementToken: async () => null,
      unreadable: async () => [],
      sampleHash: async () => (await accounts(['person-1']))[0]?.passwordHash ?? undefined,
    },
    figures: FIGURES,
    traits: () => TRAITS,
    watch: () => () => {},
    decrypt: unseal,
    tryStoredKeys: async () => ({ tried: 3, readable: 2 }),
  }
}

describe('a made-up gateway', () => {
  let redis: RedisServer
  let app: App
  const query = async (document: string, token?: string) => {
    const { data, errors } = await ask(app, document, {}, token === undefined ? {} : { token })
    expect(errors).toEqual([])
    return data
  }
  const pin = (ticket: string, model: string) =>
    redis.client().set(
      `cache_affinity:${ticket}:CLAUDE:${model}`,
      JSON.stringify({
        provider_id: 'supplier-1',
        endpoint_id: 'line-1',
        key_id: 'badge-1',
        created_at: Date.now() / 1_000,
        expire_at: Date.now() / 1_000 + 300,
        request_count: 3,
      }),
      'EX',
      300,
    )

  beforeAll(async () => {
    const databaseUrl = freshDatabase('schema')
    psql(databaseUrl, TABLES_SQL)
    redis = await freshRedis('empty')
    await pin('ticket-1', MODEL)
    await pin('ticket-2', 'raw-name')
    await redis
      .client()
      .set('global_model:resolve:great', JSON.stringify({ id: MODEL, name: 'great-model' }), 'EX', 60)
    const config = testConfig({ DATABASE_URL: databaseUrl, REDIS_URL: redis.url })
    app = await createApp(config, {
      logger: pino({ level: 'silent' }),
      openGateway: openMadeUpGateway,
    })
  })
  afterAll(async () => {
    await app.yoga.dispose()
    await app.close()
    await redis.stop()
  })

  it('shows an affinity with its user, API key, provider, endpoint, provider key and model', async () => {
    const { affinities } = await query(`{ affinities(search: "ticket-1") { totalCount nodes {
      user { id username email role isActive apiKeys { name } }
      apiKey { name maskedKey isActive user { username } }
      provider { name displayName }
      endpoint { baseUrl provider { name } }
      providerKey { name maskedKey rateMultiplier cacheTtlMinutes endpoint { apiFormat } }
      model { name displayName }
      modelName rateMultiplier staleReasons
    } } }`)
    expect(affinities).toEqual({
      totalCount: 1,
      nodes: [
        {
          user: {
            id: 'person-2',
            username: 'bela',
            email: 'bela@made.up',
            role: 'USER',
            isActive: true,
            apiKeys: [{ name: 'Laptop' }, { name: 'Stopped' }],
          },
          apiKey: {
            name: 'Laptop',
            maskedKey: 'sk-tic********BAA',
            isActive: true,
            user: { username: 'bela' },
          },
          provider: { name: 'north', displayName: 'Northern Models' },
          endpoint: { baseUrl: 'https://north.example', provider: { name: 'north' } },
          providerKey: {
            name: 'main badge',
            maskedKey: 'sk-bad********DD',
            rateMultiplier: 1.5,
            cacheTtlMinutes: 5,
            endpoint: { apiFormat: 'CLAUDE' },
          },
          model: { name: 'great-model', displayName: 'Great Model' },
          modelName: 'great-model',
          rateMultiplier: 1.5,
          staleReasons: ['CIRCUIT_OPEN'],
        },
      ],
    })
  })

  it('cannot show a key that it did not seal, and says why a pin is stale', async () => {
    const { affinities } = await query(
      '{ affinities(search: "stopped", filter: { stale: true }) { nodes { apiKey { maskedKey } staleReasons } } }',
    )
    expect(affinities.nodes).toEqual([
      { apiKey: { maskedKey: null }, staleReasons: ['API_KEY_INACTIVE', 'CIRCUIT_OPEN'] },
    ])
  })

  it.each([
    ['ticket-2', 1],
    ['person-2', 2],
    ['bela@made.up', 2],
    ['LAPT', 1],
    ['nort', 2],
    ['badge', 2],
    ['great', 1],
    ['nobody', 0],
  ])('finds what is named %s', async (text, count) => {
    const { affinities } = await query(`{ affinities(search: "${text}") { totalCount } }`)
    expect(affinities.totalCount).toBe(count)
  })

  it('lists what is in its tables, with and without affinities', async () => {
    const { providers, more, providerKeys, globalModels, users } = await query(`{
      providers(first: 1) { totalCount nodes { name affinityCount } pageInfo { endCursor hasNextPage } }
      more: providers(search: "south") { nodes { displayName affinityCount } }
      providerKeys { nodes { name maskedKey provider { name } } }
      globalModels { nodes { displayName affinityCount } }
      users(isActive: true) { nodes { username email } }
    }`)
    expect(providers).toEqual({
      totalCount: 2,
      nodes: [{ name: 'north', affinityCount: 2 }],
      pageInfo: { endCursor: expect.any(String), hasNextPage: true },
    })
    expect(more.nodes).toEqual([{ displayName: 'Southern Models', affinityCount: 0 }])
    expect(providerKeys.nodes).toEqual([
      { name: 'main badge', maskedKey: 'sk-bad********DD', provider: { name: 'north' } },
    ])
    expect(globalModels.nodes).toEqual([{ displayName: 'Great Model', affinityCount: 1 }])
    expect(users.nodes).toEqual([
      { username: 'ada', email: 'ada@made.up' },
      { username: 'bela', email: 'bela@made.up' },
    ])
    const next = await query(
      `{ providers(after: "${providers.pageInfo.endCursor}") { nodes { name } pageInfo { hasPreviousPage } } }`,
    )
    expect(next.providers).toEqual({ nodes: [{ name: 'south' }], pageInfo: { hasPreviousPage: true } })
  })

  it('tells its modes, its figures and who serves a model', async () => {
    const { cacheStats, cacheConfig, modelMappingStats, modelMappings } = await query(`{
      cacheStats { schedulingMode priorityMode affinityStats { defaultTtlSeconds } dynamicReservation { config { probePhaseRequests } } }
      cacheConfig { cacheTtlSeconds dynamicReservation { stableMaxReservation } parameters { name value } }
      modelMappingStats { ttlSeconds }
      modelMappings { nodes { mappingName globalModel { displayName } providers { displayName } } }
    }`)
    expect(cacheStats).toEqual({
      schedulingMode: 'fixed_order',
      priorityMode: 'global_key',
      affinityStats: { defaultTtlSeconds: 77 },
      dynamicReservation: { config: { probePhaseRequests: 7 } },
    })
    expect(cacheConfig).toMatchObject({
      cacheTtlSeconds: 77,
      dynamicReservation: { stableMaxReservation: 0.4 },
    })
    expect(cacheConfig.parameters).toContainEqual({
      name: 'dynamicReservation.highLoadThreshold',
      value: 0.7,
    })
    expect(modelMappingStats).toEqual({ ttlSeconds: 78 })
    expect(modelMappings.nodes).toEqual([
      {
        mappingName: 'great',
        globalModel: { displayName: 'Great Model' },
        providers: [{ displayName: 'Northern Models' }],
      },
    ])
  })

  it('signs its administrators in, and writes their clears into the audit', async () => {
    const login = (email: string) =>
      query(`mutation { login(email: "${email}", password: "${PASSWORD}") {
      __typename ... on Session { token } } }`)
    expect((await login('bela@made.up')).login).toEqual({ __typename: 'InvalidCredentialsError' })
    const { token } = (await login('ada@made.up')).login
    expect(await query('{ viewer { name canClear user { email } } }', token)).toEqual({
      viewer: { name: 'ada', canClear: true, user: { email: 'ada@made.up' } },
    })
    const { clearUserCache } = await query(
      `mutation { clearUserCache(identifier: "bela") { ... on ClearUserCachePayload {
        clearedCount auditEvent { actorName actor { email } } } } }`,
      token,
    )
    expect(clearUserCache).toEqual({
      clearedCount: 2,
      auditEvent: { actorName: 'ada', actor: { email: 'ada@made.up' } },
    })
  })
})
