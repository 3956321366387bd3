import type { DimensionSets } from '../affinities/affinity-selection.js'
import type { Database } from '../postgres/database.js'
import type { UsageChains } from '../usage/usage-chains.js'
import type { UsageRows } from '../usage/usage-rows.js'
import type { GatewayLists, Listed } from './lists.js'
import type { Decrypter } from './masking.js'
import type {
  ApiKeyRow,
  EndpointRow,
  GlobalModelRow,
  NamedModel,
  ProviderKeyRow,
  ProviderRow,
  SchedulingModes,
  ServingModelRow,
  UserRole,
  UserRow,
} from './rows.js'
import type { Judge, PinIds } from './usability.js'

/** All that the service knows of the gateway whose database it reads. Each gateway has a folder here that makes one. */
export interface Gateway {
  readonly schema: GatewaySchema
  readonly store: GatewayStore
  readonly directory: AdminDirectory
  readonly usage: UsageRows
  readonly chains: UsageChains
  readonly figures: FixedFigures
  readonly decrypt: Decrypter
  /** What the latest look at the tables found. */
  traits(): GatewayTraits
  /**
   * Looks at the tables again each minute, since a gateway may be upgraded beside us.
   * @param onChange called with what is found, if it is not what it was
   * @returns a function that ends it
   */
  watch(onChange: (traits: GatewayTraits) => void): () => void
  /**
   * Decrypts some of the keys that the gateway has stored. No key, and no part of one, is in the answer.
   * @throws UnavailableError (DATABASE_UNAVAILABLE)
   */
  tryStoredKeys(): Promise<KeysTried>
}

/** The generations of gateways, by what decides routing and where provider keys belong. See docs/gateways.md. */
export const GENERATIONS = ['ENDPOINT_KEYS', 'PROVIDER_KEYS', 'PROCESS_MEMORY'] as const
export type Generation = (typeof GENERATIONS)[number]

/** A field of the API that the gateway's tables cannot fill. */
export interface MissingField {
  /** Such as `User.email`. */
  readonly field: string
  /** The columns that would fill it. */
  readonly needs: string
}

/** What the tables tell of the gateway that made them. */
export interface GatewayTraits {
  readonly generation: Generation
  readonly missing: readonly MissingField[]
  /** Names of the families of keys in which it writes affinities. */
  readonly keyFamilies: readonly string[]
  /** False if Redis only mirrors what gateway processes hold in memory. */
  readonly redisDecidesRouting: boolean
  /** Whether the gateway caches models in Redis. */
  readonly hasModelMappingCaches: boolean
  /** Whether the scheduler reserves a share of each provider key for pinned requests. */
  readonly hasReservation: boolean
  /** Whether the gateway keeps sessions of its pools of provider keys in Redis. */
  readonly hasPoolSessions: boolean
}

export interface KeysTried {
  readonly tried: number
  readonly readable: number
}

export interface GatewaySecrets {
  /** `ENCRYPTION_KEY` as the gateway has it. */
  readonly encryptionKey: string
}

/**
 * Makes a gateway over a database; it sends no statement yet.
 * @param usageDatabase the database from which usage rows are read. Default: the same
 */
export type OpenGateway = (database: Database, secrets: GatewaySecrets, usageDatabase?: Database) => Gateway

/** A user of the gateway, as far as the row decides who may come in. */
export interface AdminAccount {
  readonly id: string
  readonly username: string
  readonly email: string | null
  /** Null for an account that signs in elsewhere (LDAP, OAuth). */
  readonly passwordHash: string | null
  /** A role that nobody knows has no rights, so that it counts as `user`. */
  readonly role: UserRole
  readonly isActive: boolean
  readonly isDeleted: boolean
  /** Null where the gateway's table does not tell. */
  readonly createdAt: Date | null
}

/** The row that a gateway keeps of a session. A sign-out there leaves no other trace. */
export interface SessionRow {
  readonly deviceId: string
  readonly expiresAt: Date
  readonly isRevoked: boolean
}

/** Whose an access token is, by the gateway's rows. */
export interface TokenHolder {
  readonly generation: Generation
  readonly account: AdminAccount | null
  /** Null if there is no such session of this account; undefined where the gateway keeps no sessions. */
  readonly session: SessionRow | null | undefined
}

/** A token that an administrator has made at the gateway for scripts. */
export interface ManagementToken {
  readonly id: string
  readonly owner: AdminAccount
  readonly isActive: boolean
  readonly expiresAt: Date | null
  /** Addresses and CIDR ranges; null: any address. */
  readonly allowedIps: readonly string[] | null
  /** The names of the rights that it has; null: all of its owner's. */
  readonly permissions: readonly string[] | null
}

/** The accounts that may sign in. Every method throws UnavailableError (DATABASE_UNAVAILABLE) when the database does not answer. */
export interface AdminDirectory {
  /** Up to a minute old. */
  generation(): Promise<Generation>
  /**
   * Reads an account and one of its sessions in one statement.
   * @param sessionId null if the token names none
   */
  holderOf(userId: string, sessionId: string | null): Promise<TokenHolder>
  /** Exact match of the email or, if there is none, of the username. */
  findByName(name: string): Promise<AdminAccount | null>
  /** Null also where the gateway has no such tokens, or has switched them off. */
  findManagementToken(sha256Hex: string): Promise<ManagementToken | null>
  /** Tables of sessions and management tokens that are there and cannot be read, so that such tokens are refused. */
  unreadable(): Promise<readonly string[]>
  /** The password hash of any one admin, undefined where there is none. */
  sampleHash(): Promise<string | undefined>
}

type Ids = readonly string[]

/** A version of a routing group. The gateway mixes both into the hash of a session. */
export interface RoutingScope {
  readonly groupId: string
  readonly version: string
}

export interface OwnedApiKey {
  readonly apiKey: ApiKeyRow
  /** Null where the user's row has been deleted. */
  readonly owner: UserRow | null
}

/**
 * The gateway's rows, read only. Each method but `idsNamed` and `judge` issues one SQL statement at most, whatever the number of ids, returns the rows
 * that exist in no order, and throws UnavailableError (DATABASE_UNAVAILABLE) when the database does not answer.
 */
export interface GatewayRows {
  users(ids: Ids): Promise<UserRow[]>
  apiKeys(ids: Ids): Promise<ApiKeyRow[]>
  /** Every API key of these users. */
  apiKeysOfUsers(userIds: Ids): Promise<ApiKeyRow[]>
  apiKeysWithOwners(ids: Ids): Promise<OwnedApiKey[]>
  /** These API keys and every other key of their users. */
  apiKeysWithSiblings(ids: Ids): Promise<OwnedApiKey[]>
  providers(ids: Ids): Promise<ProviderRow[]>
  endpoints(ids: Ids): Promise<EndpointRow[]>
  providerKeys(ids: Ids): Promise<ProviderKeyRow[]>
  globalModels(ids: Ids): Promise<GlobalModelRow[]>
  /** The global models that these names lead to: a global model's own name first, then a provider's name for one. */
  globalModelsNamed(names: readonly string[]): Promise<NamedModel[]>
  /** Every name that leads to one of these global models. */
  namesOfGlobalModels(ids: Ids): Promise<string[]>
  /** The scopes in which the gateway counts sessions: one for each routing group and version; none without such groups. */
  routingScopes(): Promise<readonly RoutingScope[]>
  /** The models by which active providers serve these global models. */
  servingModels(globalModelIds: Ids): Promise<ServingModelRow[]>
  /** The modes in force: the gateway's defaults where none is set, or one that it does not know. */
  schedulingModes(): Promise<SchedulingModes>
  /**
   * Reads all rows that decide whether the scheduler would use pins with these ids: one statement, one more where pins hold names
   * of models, and one for each 50,000 API keys beyond the first.
   */
  judge(ids: PinIds): Promise<Judge>
  /** Users whose id, username or email is exactly this text: at most one of each. */
  usersNamed(text: string): Promise<UserRow[]>
  /**
   * Ids of what has the text in its name (an API key also in its user's id, username or email), whatever its case: two
   * statements, and one more for each 2,500 API keys where there are more of them. @param isWanted false for an API key that need not be told
   */
  idsNamed(text: string, isWanted?: (apiKeyId: string) => boolean): Promise<DimensionSets>
  /** Returns about how many rows are looked at by reads that have no index; up to a minute old. */
  scannedRows(): Promise<ScannedRows>
}

/** The gateway's rows by their ids, and its lists. */
export interface GatewayStore extends GatewayRows, GatewayLists {}

/** Numbers of rows, as PostgreSQL estimates them. */
export interface ScannedRows {
  /** By `idsNamed`. */
  readonly search: number
  /** By `apiKeysOfUsers` and `apiKeysWithSiblings`. */
  readonly apiKeysOfUsers: number
  /** By a list that is searched, filtered or counted. */
  readonly lists: Readonly<Record<Listed, number>>
}

/** The check of a database's schema: whether the tables there are the gateway's. */
export interface GatewaySchema {
  /** Names of every table that is read. */
  readonly tables: readonly string[]
  /** Names of the tables that only figures of usage are read from. */
  readonly usageTables: readonly string[]
  /**
   * Looks at the tables before the service starts beside a gateway, and changes nothing.
   * @throws ConfigurationError if there are none, or if the service would be useless, naming what is missing for which field;
   *   UnavailableError (DATABASE_UNAVAILABLE)
   */
  prepare(): Promise<void>
  /**
   * Makes the tables in an embedded database that is empty, or that an older release has made.
   * @throws what `prepare` throws
   */
  makeTables(): Promise<void>
  /** What `prepare` would find, one sentence a problem for which it would refuse; nothing is changed. Rejects with the driver's error. */
  inspect(): Promise<'empty' | { readonly problems: readonly string[]; readonly traits: GatewayTraits }>
  /** Whether searches by name are fast. Rejects with the driver's error. */
  searchIndexes(): Promise<SearchIndexes>
}

export interface SearchIndexes {
  /** As PostgreSQL estimates them. */
  readonly apiKeys: number
  /** True if each table that a search reads whole has its index, by whatever name. */
  readonly complete: boolean
}

/** How the scheduler keeps a share of a provider key's concurrent requests for those that are pinned to it. Shares are 0 to 1. */
export interface DynamicReservation {
  /** The probe phase of a provider key ends after this number of requests. */
  readonly probePhaseRequests: number
  readonly probeReservation: number
  readonly stableMinReservation: number
  readonly stableMaxReservation: number
  readonly lowLoadThreshold: number
  readonly highLoadThreshold: number
}

/** Figures that the gateway's own code fixes: no row and no key tells them. */
export interface FixedFigures {
  /** How long an affinity lasts after its last use where its provider key sets no other time. */
  readonly affinityTtlSeconds: number
  /** How long the gateway keeps what it caches of models. */
  readonly modelCacheTtlSeconds: number
  readonly dynamicReservation: DynamicReservation
}
