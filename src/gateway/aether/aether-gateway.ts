import type { Database } from '../../postgres/database.js'
import { createKeptAdvice, type KeptAdvice } from '../../usage/kept-advice.js'
import { createKeptSums, type KeptSums } from '../../usage/kept-sums.js'
import { createKeptSwitches, type KeptSwitches } from '../../usage/kept-switches.js'
import type { FixedFigures, GatewayRows, GatewayTraits, OpenGateway } from '../gateway.js'
import { createDecrypter } from './fernet.js'
import { createListColumns, createLists, type ListColumns } from './lists.js'
import { createLooks, type Look, type Looks } from './look.js'
import { createAetherSchema } from './schema/aether-schema.js'
import { type AccountStatements, accountStatements, createAdminDirectory } from './sign-in.js'
import { createStatements, createStoredKeysReader } from './statements.js'
import { createChainReader } from './usage/chain-reader.js'
import { createUsageReader } from './usage/usage-reader.js'
import { createUsageStatements } from './usage/usage-statements.js'

/** So many keys of each kind are enough to tell a wrong ENCRYPTION_KEY from a few rows that cannot be read. */
const TRIED = 20
/** Time between two looks at the tables, in milliseconds. */
const LOOK_MS = 60_000

/** Everything that is made of one look at the tables. */
export interface Statements {
  readonly look: Look
  /** Sums of usage rows, as this look's statements read them. */
  readonly keptSums: KeptSums
  /** What usage rows say of switches, as this look's statements read them. */
  readonly keptSwitches: KeptSwitches
  /** The same for advice. */
  readonly keptAdvice: KeptAdvice
  readonly store: GatewayRows
  readonly listColumns: ListColumns
  readonly accounts: AccountStatements
  /** Some stored keys of each kind. */
  storedKeys(): Promise<unknown[]>
}

type Queries = Pick<Database, 'query' | 'schemaName'>

export const createAetherLooks = (database: Queries): Looks<Statements> =>
  createLooks(database, (look) => ({
    look,
    keptSums: createKeptSums(),
    keptSwitches: createKeptSwitches(),
    keptAdvice: createKeptAdvice(),
    store: createStatements(database.query, look),
    listColumns: createListColumns(database.query, look),
    accounts: accountStatements(look),
    storedKeys: createStoredKeysReader(database.query, look, TRIED),
  }))

/** Aether, the open-source gateway. Derives the key of its encryption here, once. */
export const createAetherGateway: OpenGateway = (database, { encryptionKey }, usageDatabase = database) => {
  const decrypt = createDecrypter(encryptionKey)
  const looks = createAetherLooks(database)
  const rows = createGatewayStore(database, looks)
  const lists = createLists(database.prisma, rows, (work) =>
    looks.run(({ listColumns }) => work(listColumns)),
  )
  const usageStatements = createUsageStatements(usageDatabase)
  return {
    schema: createAetherSchema(database, looks),
    store: { ...rows, ...lists },
    directory: createAdminDirectory(database, looks),
    usage: createUsageReader(usageStatements, looks),
    chains: createChainReader(usageStatements, looks),
    figures: AETHER_FIGURES,
    decrypt,
    traits: () => traitsOf(looks.latest()),
    watch: (onChange) => watch(looks, onChange),
    async tryStoredKeys() {
      const stored = await looks.run(({ storedKeys }) => storedKeys())
      const isReadable = (text: unknown) => typeof text === 'string' && decrypt(text) !== undefined
      return { tried: stored.length, readable: stored.filter(isReadable).length }
    },
  }
}

function traitsOf(look: Look | undefined): GatewayTraits {
  if (!look) throw new Error('The tables have not been looked at.')
  return look.traits
}

function watch(looks: Looks<Statements>, onChange: (traits: GatewayTraits) => void): () => void {
  const timer = setInterval(async () => {
    const before = looks.latest()
    // While the database is away, other lines tell of that; what was seen last is still the best guess.
    const after = await looks.again().catch(() => before)
    if (after && JSON.stringify(after.traits) !== JSON.stringify(before?.traits)) onChange(after.traits)
  }, LOOK_MS).unref()
  return () => clearInterval(timer)
}

/** The rows over the statements of the latest look. */
export function createGatewayStore(
  database: Queries,
  { run }: Looks<Statements> = createAetherLooks(database),
): GatewayRows {
  return {
    users: (ids) => run(({ store }) => store.users(ids)),
    apiKeys: (ids) => run(({ store }) => store.apiKeys(ids)),
    apiKeysOfUsers: (userIds) => run(({ store }) => store.apiKeysOfUsers(userIds)),
    apiKeysWithOwners: (ids) => run(({ store }) => store.apiKeysWithOwners(ids)),
    apiKeysWithSiblings: (ids) => run(({ store }) => store.apiKeysWithSiblings(ids)),
    providers: (ids) => run(({ store }) => store.providers(ids)),
    endpoints: (ids) => run(({ store }) => store.endpoints(ids)),
    providerKeys: (ids) => run(({ store }) => store.providerKeys(ids)),
    globalModels: (ids) => run(({ store }) => store.globalModels(ids)),
    globalModelsNamed: (names) => run(({ store }) => store.globalModelsNamed(names)),
    namesOfGlobalModels: (ids) => run(({ store }) => store.namesOfGlobalModels(ids)),
    servingModels: (globalModelIds) => run(({ store }) => store.servingModels(globalModelIds)),
    schedulingModes: () => run(({ store }) => store.schedulingModes()),
    usersNamed: (text) => run(({ store }) => store.usersNamed(text)),
    idsNamed: (text, isWanted) => run(({ store }) => store.idsNamed(text, isWanted)),
    scannedRows: () => run(({ store }) => store.scannedRows()),
    routingScopes: () => run(({ store }) => store.routingScopes()),
    judge: (ids) => run(({ store }) => store.judge(ids)),
  }
}

export const AETHER_FIGURES = {
  affinityTtlSeconds: 300,
  modelCacheTtlSeconds: 300,
  dynamicReservation: {
    probePhaseRequests: 100,
    probeReservation: 0.1,
    stableMinReservation: 0.1,
    stableMaxReservation: 0.35,
    lowLoadThreshold: 0.5,
    highLoadThreshold: 0.8,
  },
} as const satisfies FixedFigures
