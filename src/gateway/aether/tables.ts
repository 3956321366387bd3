import type {
  ApiKeyRow,
  Breaker,
  EndpointRow,
  FormatMultiplier,
  GlobalModelRow,
  ProviderKeyRow,
  ProviderRow,
  UserRole,
  UserRow,
} from '../rows.js'
import { READABLE_TYPES } from '../table-reader.js'
import {
  BOOLEAN,
  constant,
  entriesOf,
  type Field,
  FLOAT,
  INT,
  json,
  type Kind,
  nullable,
  type RowTable,
  required,
  TEXT,
  TIME,
  timeOf,
  way,
  wayFrom,
} from './fields.js'

import type {
  ApiKeyFacts,
  EndpointFacts,
  GlobalModelFacts,
  ModelFacts,
  ProviderFacts,
  ProviderKeyFacts,
  UserFacts,
} from './scheduler/facts.js'

export interface ModelRow {
  readonly id: string
  readonly globalModelId: string | null
  readonly providerModelName: string
  /** JSON: a list of names with priorities, or null. */
  readonly providerModelMappings: NonNullable<unknown> | null
}

/** Roles are texts: a role that nobody knows is that of a user without rights. */
const ROLE: Kind<UserRole> = {
  types: TEXT.types,
  read: (value) => (value === 'admin' || value === 'audit_admin' ? value : 'user'),
}

const FORMATS = json((value): readonly string[] | undefined =>
  Array.isArray(value) ? value.filter((format) => typeof format === 'string') : undefined,
)

const MULTIPLIERS = json((value): readonly FormatMultiplier[] | undefined =>
  entriesOf(value)
    ?.flatMap(([apiFormat, multiplier]) =>
      typeof multiplier === 'number' && Number.isFinite(multiplier) ? [{ apiFormat, multiplier }] : [],
    )
    .sort((a, b) => (a.apiFormat < b.apiFormat ? -1 : 1)),
)

const BREAKERS = json((value): readonly Breaker[] | undefined =>
  entriesOf(value)?.flatMap(([apiFormat, breaker]) => {
    const state = Object.fromEntries(entriesOf(breaker) ?? [])
    const { open, half_open_until: halfOpenUntil, next_probe_at: nextProbeAt } = state
    if (open !== true) return []
    return [
      {
        apiFormat,
        halfOpenUntil: timeOf(halfOpenUntil) ?? null,
        nextProbeAt: timeOf(nextProbeAt) ?? null,
      },
    ]
  }),
)

const JSON_VALUE = json((value): NonNullable<unknown> | undefined => value ?? undefined)

const itsId = (id: string): string => id
const EPOCH = new Date(0)

/*
 * The source of each field of a row, in every generation of Aether: the first expression whose columns all exist is
 * taken. A field with none has its last resort (null, or the value that is named first), and the API tells that it is
 * missing. Wide JSON columns (a provider key's utilisation samples, say) are never fetched: a page of 1,000 must not drag
 * them along.
 */

export const USERS: RowTable<UserRow> = {
  name: 'users',
  type: 'User',
  fields: {
    id: required(TEXT, '', 'users.id'),
    username: required(TEXT, itsId, 'users.username'),
    email: nullable(TEXT, 'users.email'),
    role: required<UserRole>(ROLE, 'user', 'users.role'),
    isActive: required(BOOLEAN, true, 'users.is_active'),
    isDeleted: required(BOOLEAN, false, 'users.is_deleted'),
  },
  // Newer administrators delete users for good.
  shownAs: { isDeleted: null },
}

export const API_KEYS: RowTable<ApiKeyRow> = {
  name: 'api_keys',
  type: 'ApiKey',
  fields: {
    id: required(TEXT, '', 'api_keys.id'),
    userId: required(TEXT, '', 'api_keys.user_id'),
    name: nullable(TEXT, 'api_keys.name'),
    storedKey: nullable(TEXT, 'api_keys.key_encrypted'),
    isStandalone: required(BOOLEAN, false, 'api_keys.is_standalone'),
    isActive: required(BOOLEAN, true, 'api_keys.is_active'),
    expiresAt: nullable(TIME, 'api_keys.expires_at'),
    createdAt: required(TIME, EPOCH, 'api_keys.created_at'),
  },
  // The time of creation only orders a user's API keys.
  shownAs: { userId: 'user', storedKey: 'maskedKey', createdAt: null },
}

export const PROVIDERS: RowTable<ProviderRow> = {
  name: 'providers',
  type: 'Provider',
  fields: {
    id: required(TEXT, '', 'providers.id'),
    name: required(TEXT, itsId, 'providers.name'),
    displayName: required(
      TEXT,
      itsId,
      'COALESCE(providers.display_name, providers.name)',
      'providers.display_name',
      'providers.name',
    ),
    isActive: required(BOOLEAN, true, 'providers.is_active'),
  },
}

export const ENDPOINTS: RowTable<EndpointRow> = {
  name: 'provider_endpoints',
  type: 'Endpoint',
  fields: {
    id: required(TEXT, '', 'provider_endpoints.id'),
    providerId: required(TEXT, '', 'provider_endpoints.provider_id'),
    apiFormat: nullable(
      TEXT,
      // The second generation keeps a text beside these two that its scheduler never reads.
      way(
        "provider_endpoints.api_family::text || ':' || provider_endpoints.endpoint_kind::text",
        'PROVIDER_KEYS',
      ),
      'provider_endpoints.api_format',
    ),
    baseUrl: required(TEXT, '', 'provider_endpoints.base_url'),
    isActive: required(BOOLEAN, true, 'provider_endpoints.is_active'),
  },
  shownAs: { providerId: 'provider' },
}

export const PROVIDER_KEYS: RowTable<ProviderKeyRow> = {
  name: 'provider_api_keys',
  type: 'ProviderKey',
  fields: {
    id: required(TEXT, '', 'provider_api_keys.id'),
    endpointId: nullable(
      TEXT,
      'provider_api_keys.endpoint_id',
      constant('NULL', 'provider_api_keys.provider_id'),
    ),
    // Through its endpoint, where a key belongs to one.
    providerId: nullable(
      TEXT,
      'provider_api_keys.provider_id',
      constant('NULL', 'provider_api_keys.endpoint_id'),
    ),
    name: required(TEXT, itsId, 'provider_api_keys.name'),
    storedKey: nullable(
      TEXT,
      'COALESCE(provider_api_keys.api_key, provider_api_keys.encrypted_key)',
      'provider_api_keys.api_key',
      'provider_api_keys.encrypted_key',
    ),
    authType: required(
      TEXT,
      'api_key',
      'provider_api_keys.auth_type',
      constant('NULL', 'provider_api_keys.endpoint_id'),
    ),
    rateMultiplier: required(
      FLOAT,
      1,
      'provider_api_keys.rate_multiplier',
      constant('NULL', 'provider_api_keys.rate_multipliers'),
    ),
    rateMultipliers: required<readonly FormatMultiplier[]>(
      MULTIPLIERS,
      [],
      'provider_api_keys.rate_multipliers',
      constant('NULL', 'provider_api_keys.rate_multiplier'),
    ),
    // Its endpoint's, where a key belongs to one.
    apiFormats: nullable(
      FORMATS,
      'provider_api_keys.api_formats',
      constant('NULL', 'provider_api_keys.endpoint_id'),
    ),
    cacheTtlMinutes: required(INT, 5, 'provider_api_keys.cache_ttl_minutes'),
    isActive: required(BOOLEAN, true, 'provider_api_keys.is_active'),
    expiresAt: nullable(TIME, 'provider_api_keys.expires_at'),
    isCircuitOpen: required(
      BOOLEAN,
      false,
      'provider_api_keys.circuit_breaker_open',
      constant('NULL', 'provider_api_keys.circuit_breaker_by_format'),
    ),
    openBreakers: required<readonly Breaker[]>(
      BREAKERS,
      [],
      'provider_api_keys.circuit_breaker_by_format',
      constant('NULL', 'provider_api_keys.circuit_breaker_open'),
    ),
  },
  shownAs: {
    endpointId: 'endpoint',
    providerId: 'provider',
    storedKey: 'maskedKey',
    expiresAt: null,
    isCircuitOpen: 'staleReasons (CIRCUIT_OPEN)',
    openBreakers: null,
  },
}

export const GLOBAL_MODELS: RowTable<GlobalModelRow> = {
  name: 'global_models',
  type: 'GlobalModel',
  fields: {
    id: required(TEXT, '', 'global_models.id'),
    name: required(TEXT, itsId, 'global_models.name'),
    displayName: required(
      TEXT,
      itsId,
      'COALESCE(global_models.display_name, global_models.name)',
      'global_models.display_name',
      'global_models.name',
    ),
    isActive: required(BOOLEAN, true, 'global_models.is_active'),
  },
}

export const MODELS: RowTable<ModelRow> = {
  name: 'models',
  type: 'ModelMapping',
  fields: {
    id: required(TEXT, '', 'models.id'),
    globalModelId: nullable(TEXT, 'models.global_model_id'),
    providerModelName: required(TEXT, '', 'models.provider_model_name'),
    providerModelMappings: nullable(JSON_VALUE, 'models.provider_model_mappings'),
  },
  shownAs: { globalModelId: 'providers', providerModelName: 'providers', providerModelMappings: 'providers' },
}

/*
 * What the verdict on a pin depends on, where no field of the API shows it. A column that is not there is not told: its field
 * is null, or what makes no pin stale. Rows of these tables come as JSON, so that one statement can read them all.
 */

/** A value of a JSON column within a row that is JSON itself. */
const ANY: Kind<NonNullable<unknown>> = {
  types: READABLE_TYPES.Json,
  read: (value) => value ?? undefined,
}

/** A time within a row that is JSON, in Unix seconds. */
const MOMENT: Kind<number> = {
  types: READABLE_TYPES.DateTime,
  read(value) {
    const time = timeOf(value)
    return time && time.getTime() / 1_000
  },
}

/** When the statement that reads began, by the database's clock: time does not go on while it runs. */
export const MOMENT_OF_READ = 'statement_timestamp()'

/** A JSON column as text. JSON itself cannot be compared, and API keys with equal rows come together. */
const PARSED: Kind<NonNullable<unknown>> = json((value) => value ?? undefined)
const comparable = (column: string): Field<NonNullable<unknown> | null> =>
  nullable(PARSED, wayFrom(PARSED.types, `${column}::text`))

/** An amount as a double, as gateways have it. What is no number is above no other, though PostgreSQL says so. */
const amount = (column: string): string => `NULLIF(${column}::float8, 'NaN')`

/** What differs among API keys though nothing else does (times, amounts) is compared here, so that few kinds of rows come. */
export const API_KEY_FACTS: RowTable<ApiKeyFacts> = {
  name: 'api_keys',
  type: 'ApiKey',
  fields: {
    id: API_KEYS.fields.id,
    isActive: API_KEYS.fields.isActive,
    isLocked: required(BOOLEAN, false, 'api_keys.is_locked'),
    isExpired: required(BOOLEAN, false, wayFrom(TIME.types, `api_keys.expires_at <= ${MOMENT_OF_READ}`)),
    isStandalone: API_KEYS.fields.isStandalone,
    isSpent: required(
      BOOLEAN,
      false,
      wayFrom(
        FLOAT.types,
        `${amount('api_keys.current_balance_usd')} <= COALESCE(${amount('api_keys.balance_used_usd')}, 0)`,
      ),
      wayFrom(FLOAT.types, `${amount('api_keys.current_balance_usd')} <= 0`),
    ),
    allowedFormats: comparable('api_keys.allowed_api_formats'),
    allowedProviders: comparable('api_keys.allowed_providers'),
    allowedEndpoints: comparable('api_keys.allowed_endpoints'),
    allowedModels: comparable('api_keys.allowed_models'),
    forceCapabilities: comparable('api_keys.force_capabilities'),
  },
}
export const USER_FACTS: RowTable<UserFacts> = {
  name: 'users',
  type: 'User',
  fields: {
    id: USERS.fields.id,
    role: USERS.fields.role,
    isActive: USERS.fields.isActive,
    isDeleted: USERS.fields.isDeleted,
    isOverQuota: required(
      BOOLEAN,
      false,
      wayFrom(FLOAT.types, `COALESCE(${amount('users.used_usd')}, 0) > ${amount('users.quota_usd')}`),
      wayFrom(FLOAT.types, `0 > ${amount('users.quota_usd')}`),
    ),
    allowedFormats: comparable('users.allowed_api_formats'),
    allowedProviders: comparable('users.allowed_providers'),
    allowedEndpoints: comparable('users.allowed_endpoints'),
    allowedModels: comparable('users.allowed_models'),
    capabilitySettings: comparable('users.model_capability_settings'),
  },
}
export const PROVIDER_FACTS: RowTable<ProviderFacts> = {
  name: 'providers',
  type: 'Provider',
  fields: {
    id: PROVIDERS.fields.id,
    name: PROVIDERS.fields.name,
    isActive: PROVIDERS.fields.isActive,
    convertsFormats: nullable(BOOLEAN, 'providers.enable_format_conversion'),
  },
}

export const ENDPOINT_FACTS: RowTable<EndpointFacts> = {
  name: 'provider_endpoints',
  type: 'Endpoint',
  fields: {
    id: ENDPOINTS.fields.id,
    providerId: nullable(TEXT, 'provider_endpoints.provider_id'),
    apiFormat: ENDPOINTS.fields.apiFormat,
    isActive: ENDPOINTS.fields.isActive,
    acceptance: nullable(ANY, 'provider_endpoints.format_acceptance_config'),
  },
}

export const PROVIDER_KEY_FACTS: RowTable<ProviderKeyFacts> = {
  name: 'provider_api_keys',
  type: 'ProviderKey',
  fields: {
    id: PROVIDER_KEYS.fields.id,
    endpointId: PROVIDER_KEYS.fields.endpointId,
    providerId: PROVIDER_KEYS.fields.providerId,
    isActive: PROVIDER_KEYS.fields.isActive,
    allowedModels: nullable(ANY, 'provider_api_keys.allowed_models'),
    capabilities: nullable(ANY, 'provider_api_keys.capabilities'),
    apiFormats: nullable(ANY, 'provider_api_keys.api_formats'),
    authType: PROVIDER_KEYS.fields.authType,
    invalidAt: nullable(MOMENT, 'provider_api_keys.oauth_invalid_at'),
    isCircuitOpen: required(BOOLEAN, false, 'provider_api_keys.circuit_breaker_open'),
    halfOpenUntil: nullable(MOMENT, 'provider_api_keys.half_open_until'),
    nextProbeAt: nullable(MOMENT, 'provider_api_keys.next_probe_at'),
    breakers: nullable(ANY, 'provider_api_keys.circuit_breaker_by_format'),
  },
}

export const GLOBAL_MODEL_FACTS: RowTable<GlobalModelFacts> = {
  name: 'global_models',
  type: 'GlobalModel',
  fields: {
    id: GLOBAL_MODELS.fields.id,
    name: GLOBAL_MODELS.fields.name,
    isActive: GLOBAL_MODELS.fields.isActive,
    supportedCapabilities: nullable(ANY, 'global_models.supported_capabilities'),
    config: nullable(ANY, 'global_models.config'),
  },
}

export const MODEL_FACTS: RowTable<ModelFacts> = {
  name: 'models',
  type: 'ModelMapping',
  fields: {
    id: MODELS.fields.id,
    providerId: required(TEXT, '', 'models.provider_id'),
    globalModelId: required(TEXT, '', 'models.global_model_id'),
    name: MODELS.fields.providerModelName,
    mappings: nullable(ANY, 'models.provider_model_mappings'),
    isActive: required(BOOLEAN, true, 'models.is_active'),
    isAvailable: required(BOOLEAN, true, 'models.is_available'),
    streams: nullable(BOOLEAN, 'models.supports_streaming'),
  },
}

/** Each kind of row that is read by SQL. */
export const ROW_TABLES = [
  USERS,
  API_KEYS,
  PROVIDERS,
  ENDPOINTS,
  PROVIDER_KEYS,
  GLOBAL_MODELS,
  MODELS,
] as const

/** What else is read or written, and its columns. */
export const OTHER_READS: readonly { readonly field: string; readonly columns: readonly string[] }[] = [
  {
    field: 'login',
    columns: ['users.id', 'users.password_hash', 'users.role', 'users.is_active'],
  },
  {
    field: 'Gateway.schedulingMode',
    columns: ['system_configs.key', 'system_configs.value'],
  },
  {
    field: 'auditEvents',
    columns: [
      'id',
      'event_type',
      'user_id',
      'description',
      'ip_address',
      'user_agent',
      'request_id',
      'event_metadata',
      'status_code',
      'error_message',
      'created_at',
    ].map((column) => `audit_logs.${column}`),
  },
]

/** Whether the gateway has tables of routing groups, which choose a scheduling mode for their members. */
export const ROUTING_GROUPS = [
  'routing_groups.id',
  'routing_groups.enabled',
  'routing_groups.is_system_default',
  'routing_groups.config_json',
] as const
export const ROUTING_GROUP_BINDINGS = ['routing_group_bindings.group_id'] as const

/** Names of every table that affinityql may read. */
export const TABLE_NAMES: readonly string[] = [
  ...new Set([
    ...ROW_TABLES.map(({ name }) => name),
    'system_configs',
    'audit_logs',
    'routing_groups',
    'routing_group_bindings',
    'routing_group_versions',
  ]),
]
