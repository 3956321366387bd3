/*
 * What the service knows of the gateway's tables: the rows as every gateway can fill them. Which table and column each
 * field comes from is known in the gateway's own folder.
 */

/** `audit_admin` reads everything and clears nothing. A role that is none of these is a `user`. */
export type UserRole = 'admin' | 'audit_admin' | 'user'

export interface UserRow {
  readonly id: string
  readonly username: string
  readonly email: string | null
  readonly role: UserRole
  readonly isActive: boolean
  readonly isDeleted: boolean
}

export interface ApiKeyRow {
  readonly id: string
  readonly userId: string
  readonly name: string | null
  /** The key as the gateway keeps it, encrypted. */
  readonly storedKey: string | null
  readonly isStandalone: boolean
  readonly isActive: boolean
  readonly expiresAt: Date | null
  readonly createdAt: Date
}

export interface ProviderRow {
  readonly id: string
  readonly name: string
  readonly displayName: string
  readonly isActive: boolean
}

export interface EndpointRow {
  readonly id: string
  readonly providerId: string
  /** Null where the gateway has set none: then the endpoint serves no format. */
  readonly apiFormat: string | null
  readonly baseUrl: string
  readonly isActive: boolean
}

export interface FormatMultiplier {
  readonly apiFormat: string
  readonly multiplier: number
}

/** A circuit breaker that the gateway has opened after failures with one API format. */
export interface Breaker {
  readonly apiFormat: string
  readonly halfOpenUntil: Date | null
  /** The gateway tries again at this time; null: it has named none. */
  readonly nextProbeAt: Date | null
}

export interface ProviderKeyRow {
  readonly id: string
  /** Null where keys belong to a provider. */
  readonly endpointId: string | null
  /** Null where keys belong to an endpoint, whose provider is the key's. */
  readonly providerId: string | null
  readonly name: string
  /** The key as the gateway keeps it, encrypted; of another `authType` than `api_key` it is no key. */
  readonly storedKey: string | null
  /** `api_key`, `oauth`, `service_account` … */
  readonly authType: string
  /** The one figure of older gateways; 1 where there is one for each format. */
  readonly rateMultiplier: number
  readonly rateMultipliers: readonly FormatMultiplier[]
  /** The API formats of the key's own list; null: all of its provider's, or its endpoint's where it belongs to one. */
  readonly apiFormats: readonly string[] | null
  readonly cacheTtlMinutes: number
  readonly isActive: boolean
  readonly expiresAt: Date | null
  /** True if the gateway has opened the circuit breaker after failures, so that it sends nothing; false where there is one for each format. */
  readonly isCircuitOpen: boolean
  readonly openBreakers: readonly Breaker[]
}

export interface GlobalModelRow {
  readonly id: string
  readonly name: string
  readonly displayName: string
  readonly isActive: boolean
}

/** An active model by which an active provider serves a global model. */
export interface ServingModelRow {
  readonly globalModelId: string
  /** The provider's own name for the model, then its aliases. */
  readonly names: readonly string[]
  readonly provider: ProviderRow
}

/** How the gateway's scheduler chooses among provider keys. */
export interface SchedulingModes {
  /** `cache_affinity`, `fixed_order`, `load_balance` …; null where no table tells it. */
  readonly schedulingMode: string | null
  /** `provider` or `global_key`; null where no table tells it. */
  readonly priorityMode: string | null
  /** Whether the scheduler, of any group of users, goes by pins; null where no table tells it. */
  readonly pinsAreHonoured: boolean | null
}

/** A name that clients ask for, and the global model that it leads to. */
export interface NamedModel {
  readonly name: string
  readonly model: GlobalModelRow
}
