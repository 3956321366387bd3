import type { ApiKeyRow, EndpointRow, GlobalModelRow, ProviderKeyRow, ProviderRow, UserRow } from '../rows.js'
import type { Table, TableOf } from '../table-reader.js'

export interface ModelRow {
  readonly providerId: string
  readonly globalModelId: string
  readonly providerModelName: string
  /** JSON: a list of names with priorities, or null. */
  readonly providerModelMappings: unknown
}

export interface SystemConfigRow {
  readonly key: string
  readonly value: unknown
}

/*
 * The columns that affinityql reads of each of Aether's tables, as its first generation has them. Wide JSON columns (a
 * provider key's utilisation samples, say) are never fetched: a page of 1,000 must not drag them along.
 */

export const USERS: TableOf<UserRow> = {
  name: 'users',
  columns: {
    id: 'String',
    username: 'String',
    email: 'String',
    role: 'enum',
    isActive: 'Boolean',
    isDeleted: 'Boolean',
  },
}

/** The users with what signing in needs; sign-in.ts reads them. */
export const ACCOUNTS: TableOf<UserRow & { readonly passwordHash: string | null }> = {
  name: 'users',
  columns: { ...USERS.columns, passwordHash: 'String?' },
}

export const API_KEYS: TableOf<ApiKeyRow> = {
  name: 'api_keys',
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
  columnNames: { storedKey: 'key_encrypted' },
}

export const PROVIDERS: TableOf<ProviderRow> = {
  name: 'providers',
  columns: { id: 'String', name: 'String', displayName: 'String', isActive: 'Boolean' },
}

export const ENDPOINTS: TableOf<EndpointRow> = {
  name: 'provider_endpoints',
  columns: {
    id: 'String',
    providerId: 'String',
    apiFormat: 'String',
    baseUrl: 'String',
    isActive: 'Boolean',
  },
}

export const PROVIDER_KEYS: TableOf<ProviderKeyRow> = {
  name: 'provider_api_keys',
  columns: {
    id: 'String',
    endpointId: 'String',
    name: 'String',
    storedKey: 'String?',
    rateMultiplier: 'Float',
    cacheTtlMinutes: 'Int',
    isActive: 'Boolean',
    expiresAt: 'DateTime?',
    isCircuitOpen: 'Boolean',
  },
  columnNames: { storedKey: 'api_key', isCircuitOpen: 'circuit_breaker_open' },
}

export const GLOBAL_MODELS: TableOf<GlobalModelRow> = {
  name: 'global_models',
  columns: { id: 'String', name: 'String', displayName: 'String', isActive: 'Boolean' },
}

export const MODELS: TableOf<ModelRow> = {
  name: 'models',
  columns: {
    providerId: 'String',
    globalModelId: 'String',
    providerModelName: 'String',
    providerModelMappings: 'Json?',
  },
}

export const SYSTEM_CONFIGS: TableOf<SystemConfigRow> = {
  name: 'system_configs',
  columns: { key: 'String', value: 'Json' },
}

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
