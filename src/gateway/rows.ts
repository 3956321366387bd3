import type { RowOf, Table } from './table.js'

/*
 * The columns that affinityql reads of each of the gateway's tables, as its first generation has them. Wide JSON columns (a
 * provider key's utilisation samples, say) are never fetched: a page of 1,000 must not drag them along.
 */

export const USERS = {
  name: 'users',
  columns: {
    id: 'String',
    username: 'String',
    email: 'String',
    role: 'enum',
    isActive: 'Boolean',
    isDeleted: 'Boolean',
  },
} as const satisfies Table

/** The users with what signing in needs; the only read of a password's hash. */
export const ACCOUNTS = {
  name: 'users',
  columns: { ...USERS.columns, passwordHash: 'String' },
} as const satisfies Table

export const API_KEYS = {
  name: 'api_keys',
  columns: {
    id: 'String',
    userId: 'String',
    name: 'String?',
    keyEncrypted: 'String?',
    isStandalone: 'Boolean',
    isActive: 'Boolean',
    expiresAt: 'DateTime?',
    createdAt: 'DateTime',
  },
} as const satisfies Table

export const PROVIDERS = {
  name: 'providers',
  columns: { id: 'String', name: 'String', displayName: 'String', isActive: 'Boolean' },
} as const satisfies Table

export const ENDPOINTS = {
  name: 'provider_endpoints',
  columns: {
    id: 'String',
    providerId: 'String',
    apiFormat: 'String',
    baseUrl: 'String',
    isActive: 'Boolean',
  },
} as const satisfies Table

export const PROVIDER_KEYS = {
  name: 'provider_api_keys',
  columns: {
    id: 'String',
    endpointId: 'String',
    name: 'String',
    apiKey: 'String',
    rateMultiplier: 'Float',
    cacheTtlMinutes: 'Int',
    isActive: 'Boolean',
    expiresAt: 'DateTime?',
    circuitBreakerOpen: 'Boolean',
  },
} as const satisfies Table

export const GLOBAL_MODELS = {
  name: 'global_models',
  columns: { id: 'String', name: 'String', displayName: 'String', isActive: 'Boolean' },
} as const satisfies Table

export const MODELS = {
  name: 'models',
  columns: {
    providerId: 'String',
    globalModelId: 'String',
    providerModelName: 'String',
    providerModelMappings: 'Json?',
  },
} as const satisfies Table

export const SYSTEM_CONFIGS = {
  name: 'system_configs',
  columns: { key: 'String', value: 'Json' },
} as const satisfies Table

/** Every table and column that is read by SQL. */
export const GATEWAY_TABLES: readonly Table[] = [
  ACCOUNTS,
  API_KEYS,
  PROVIDERS,
  ENDPOINTS,
  PROVIDER_KEYS,
  GLOBAL_MODELS,
  MODELS,
  SYSTEM_CONFIGS,
]

interface WithRole {
  readonly role: 'admin' | 'user'
}

export type UserRow = RowOf<typeof USERS> & WithRole
export type AccountRow = RowOf<typeof ACCOUNTS> & WithRole
export type ApiKeyRow = RowOf<typeof API_KEYS>
export type ProviderRow = RowOf<typeof PROVIDERS>
export type EndpointRow = RowOf<typeof ENDPOINTS>
export type ProviderKeyRow = RowOf<typeof PROVIDER_KEYS>
export type GlobalModelRow = RowOf<typeof GLOBAL_MODELS>
export type SystemConfigRow = RowOf<typeof SYSTEM_CONFIGS>

/**
 * A model that an active provider serves, under the names that it is configured with. `providerModelMappings` is the
 * column's JSON: a list of names with priorities, or null.
 */
export interface ServingModelRow extends Omit<RowOf<typeof MODELS>, 'providerId'> {
  readonly provider: ProviderRow
}
