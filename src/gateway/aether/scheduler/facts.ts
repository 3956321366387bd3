import type { UserRole } from '../../rows.js'
import type { StaleReason } from '../../usability.js'

/*
 * The rows that decide what the scheduler does with a pin. A field that is null is unset, or no column tells it. JSON stays as
 * it is stored: the rules know what each generation makes of a value of an odd type. Times are Unix seconds.
 */

type Json = NonNullable<unknown> | null

/** The lists of an API key or a user that restrict what requests may use. */
export interface AccessLists {
  readonly allowedFormats: Json
  readonly allowedProviders: Json
  readonly allowedEndpoints: Json
  readonly allowedModels: Json
}

export interface ApiKeyFacts extends AccessLists {
  readonly id: string
  readonly isActive: boolean
  readonly isLocked: boolean
  readonly isExpired: boolean
  readonly isStandalone: boolean
  /** No balance is left; false where none is set. */
  readonly isSpent: boolean
  readonly forceCapabilities: Json
}

export interface UserFacts extends AccessLists {
  readonly id: string
  readonly role: UserRole
  readonly isActive: boolean
  readonly isDeleted: boolean
  readonly isOverQuota: boolean
  readonly capabilitySettings: Json
}

export interface ProviderFacts {
  readonly id: string
  readonly name: string
  readonly isActive: boolean
  readonly convertsFormats: boolean | null
}

export interface EndpointFacts {
  readonly id: string
  readonly providerId: string | null
  readonly apiFormat: string | null
  readonly isActive: boolean
  readonly acceptance: Json
}

export interface ProviderKeyFacts {
  readonly id: string
  readonly endpointId: string | null
  readonly providerId: string | null
  readonly isActive: boolean
  readonly allowedModels: Json
  readonly capabilities: Json
  readonly apiFormats: Json
  readonly authType: string
  readonly invalidAt: number | null
  readonly isCircuitOpen: boolean
  readonly halfOpenUntil: number | null
  readonly nextProbeAt: number | null
  readonly breakers: Json
}

export interface GlobalModelFacts {
  readonly id: string
  readonly name: string
  readonly isActive: boolean
  readonly supportedCapabilities: Json
  readonly config: Json
}

/** A model by which a provider serves a global model. */
export interface ModelFacts {
  readonly id: string
  readonly providerId: string
  readonly globalModelId: string
  /** The provider's own name for the model. */
  readonly name: string
  readonly mappings: Json
  readonly isActive: boolean
  readonly isAvailable: boolean
  readonly streams: boolean | null
}

/** A name that clients may ask for, as far as rows of models decide where it leads. */
export interface NameFact {
  readonly name: string
  readonly globalModelId: string
}

/** The rows of an API key. */
export interface ApiKeyRows {
  readonly apiKey: Omit<ApiKeyFacts, 'id'>
  /** Null where the owner has no row. Undefined if the tables do not tell owners. */
  readonly owner: Omit<UserFacts, 'id'> | null | undefined
}

/** All that was read at one moment. */
export interface Facts {
  /** The database's clock. */
  readonly now: number
  /** The reasons that no table or column tells. */
  readonly untold: ReadonlySet<StaleReason>
  /** The setting `enable_format_conversion`; null: unset. */
  readonly convertsFormats: boolean | null
  /** By the API key ids that were asked for; null for one that has no row. API keys with equal rows share one object. */
  readonly apiKeys: ReadonlyMap<string, ApiKeyRows | null>
  readonly providers: ReadonlyMap<string, ProviderFacts>
  readonly endpoints: ReadonlyMap<string, EndpointFacts>
  readonly providerKeys: ReadonlyMap<string, ProviderKeyFacts>
  readonly globalModels: ReadonlyMap<string, GlobalModelFacts>
  /** By global model id; of providers that some pin names, and of all providers where names decide. */
  readonly models: ReadonlyMap<string, readonly ModelFacts[]>
  /** Names of active models of active providers, each with the active global models that it leads to; undefined if no table tells. */
  readonly names: ReadonlyMap<string, ReadonlySet<string>> | undefined
  /** The global models to which names in keys lead. */
  readonly named: ReadonlyMap<string, string>
}
