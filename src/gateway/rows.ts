/*
 * What the service knows of the gateway's tables: the rows as every gateway can fill them. Which table and column each
 * field comes from is known in the gateway's own folder.
 */

export interface UserRow {
  readonly id: string
  readonly username: string
  readonly email: string
  readonly role: 'admin' | 'user'
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
  readonly apiFormat: string
  readonly baseUrl: string
  readonly isActive: boolean
}

export interface ProviderKeyRow {
  readonly id: string
  readonly endpointId: string
  readonly name: string
  /** The key as the gateway keeps it, encrypted. */
  readonly storedKey: string | null
  readonly rateMultiplier: number
  readonly cacheTtlMinutes: number
  readonly isActive: boolean
  readonly expiresAt: Date | null
  /** True if the gateway has opened the circuit breaker after failures, so that it sends nothing. */
  readonly isCircuitOpen: boolean
}

export interface GlobalModelRow {
  readonly id: string
  readonly name: string
  readonly displayName: string
  readonly isActive: boolean
}

/** A model by which an active provider serves a global model. */
export interface ServingModelRow {
  readonly globalModelId: string
  /** The provider's own name for the model, then its aliases. */
  readonly names: readonly string[]
  readonly provider: ProviderRow
}

/** How the gateway's scheduler chooses among provider keys. */
export interface SchedulingModes {
  /** `cache_affinity` or `fixed_order`. */
  readonly schedulingMode: string
  /** `provider` or `global_key`. */
  readonly priorityMode: string
}
