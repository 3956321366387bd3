/*
 * Whether a gateway's scheduler would use a pin now. Each gateway has rules of its own; here is how their answers look.
 */

/** Why a scheduler would not use a pin. Not every gateway has every reason. */
export const STALE_REASONS = [
  'API_KEY_DELETED',
  'API_KEY_INACTIVE',
  'API_KEY_LOCKED',
  'API_KEY_EXPIRED',
  'USER_DELETED',
  'USER_INACTIVE',
  'QUOTA_EXHAUSTED',
  'PROVIDER_DELETED',
  'PROVIDER_INACTIVE',
  'PROVIDER_NOT_ALLOWED',
  'ENDPOINT_DELETED',
  'ENDPOINT_INACTIVE',
  'ENDPOINT_OF_OTHER_PROVIDER',
  'ENDPOINT_OF_OTHER_FORMAT',
  'ENDPOINT_NOT_ALLOWED',
  'PROVIDER_KEY_DELETED',
  'PROVIDER_KEY_INACTIVE',
  'PROVIDER_KEY_EXPIRED',
  'PROVIDER_KEY_MOVED',
  'PROVIDER_KEY_OF_OTHER_FORMAT',
  'PROVIDER_KEY_INVALID',
  'CIRCUIT_OPEN',
  'CAPABILITY_MISMATCH',
  'MODEL_DELETED',
  'MODEL_INACTIVE',
  'MODEL_NOT_AT_PROVIDER',
  'MODEL_NOT_ALLOWED',
  'MODEL_NOT_ON_PROVIDER_KEY',
  'NAME_TAKEN',
  'FORMAT_UNKNOWN',
  'FORMAT_NOT_ALLOWED',
  'NEVER_READ',
  'SUPERSEDED',
] as const
export type StaleReason = (typeof STALE_REASONS)[number]

/** What of a request decides whether it gets the pinned target. */
export const USE_CONDITIONS = ['STREAMING', 'CAPABILITIES', 'ALIAS'] as const
export type UseCondition = (typeof USE_CONDITIONS)[number]

export const USABILITIES = ['USABLE', 'CONDITIONAL', 'STALE'] as const
export type Usability = (typeof USABILITIES)[number]

export interface Verdict {
  readonly usability: Usability
  /** All reasons that hold; empty unless STALE. */
  readonly staleReasons: readonly StaleReason[]
  /** Empty unless CONDITIONAL. */
  readonly conditions: readonly UseCondition[]
}

/** What of an affinity decides whether it is used. */
export interface JudgedPin {
  readonly affinityKey: string
  readonly apiFormat: string
  /** The id of a global model, or a name that a client asked for: see `modelIs`. */
  readonly modelId: string
  readonly modelIs: 'id' | 'name'
  readonly providerId: string
  readonly endpointId: string
  readonly providerKeyId: string
  /** The name of the key's family. */
  readonly family: string
  /** The kind of client, where the family tells it. */
  readonly clientFamily: string | undefined
  /** The epoch of the process that wrote it, where the value tells one. */
  readonly epoch: string | undefined
}

type Ids = readonly string[]

/** The distinct ids of the pins that are to be judged. */
export interface PinIds {
  readonly affinityKey: Ids
  readonly providerId: Ids
  readonly endpointId: Ids
  readonly providerKeyId: Ids
  /** Models that pins hold by their id. */
  readonly modelId: Ids
  /** Models that pins hold by a name. */
  readonly modelName: Ids
  /** Epochs whose pins the gateway’s process has forgotten; none where that cannot be told. */
  readonly supersededEpochs?: Ids
}

/** Judges pins by rows that were read at one moment of the database's clock. */
export interface Judge {
  /** Whether the rows of all ids of the pin were asked for. */
  knows(pin: JudgedPin): boolean
  verdictOf(pin: JudgedPin): Verdict
  /** Numbers of ids, from 0 on. They are equal only for ids that have the same verdict, whatever else the pin names. */
  readonly likeness: Readonly<Record<'affinityKey' | 'providerKeyId', (id: string) => number>>
}
