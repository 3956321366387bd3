import { z } from 'zod'
import type { AuditLog } from '../generated/prisma/client.js'
import { type AuditAction, descriptionOf, isSuccess } from './audit-store.js'

/** How an action ended. */
export type EventOutcome = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'REFUSED' | 'UNKNOWN'

export type TargetKind =
  | 'ALL'
  | 'USER'
  | 'API_KEY'
  | 'AFFINITY'
  | 'PROVIDER'
  | 'FILTER'
  | 'POOL_SESSIONS'
  | 'MODEL_MAPPINGS'
  | 'MODEL_NAME'
  | 'PROVIDER_MODEL'
  | 'SESSION'

/** What each action is aimed at. */
export const TARGET_KINDS = {
  cache_clear_user: 'USER',
  cache_clear_api_key: 'API_KEY',
  cache_clear_single: 'AFFINITY',
  cache_clear_provider: 'PROVIDER',
  cache_clear_filtered: 'FILTER',
  cache_clear_all: 'ALL',
  pool_sessions_clear: 'POOL_SESSIONS',
  model_mapping_cache_clear_all: 'MODEL_MAPPINGS',
  model_mapping_cache_clear_by_name: 'MODEL_NAME',
  provider_model_mapping_cache_clear: 'PROVIDER_MODEL',
  admin_login: 'SESSION',
  admin_logout: 'SESSION',
} as const satisfies Record<AuditAction, TargetKind>

/** The HTTP status of an attempt by somebody who has not the right to it. */
export const REFUSED_STATUS = 403

/** Milliseconds between two signs of life that an instance writes to the events of its running actions. */
export const BEAT_EVERY_MS = 180_000
/** An action without an outcome, whose event had no sign of life for so many milliseconds, belongs to an instance that ended. */
export const SILENT_MS = 600_000
/** An action that began so many milliseconds ago does not run any more, whatever its event says. */
export const LONGEST_MS = 86_400_000

const stored = z.looseObject({ action: z.string() })

const KINDS = Object.entries(TARGET_KINDS)

/**
 * Returns what an event was aimed at. The description decides, which every row of ours has, whatever became of its metadata;
 * only users and API keys, which one mutation clears, are told apart by the metadata.
 */
export function targetKindOf({
  description,
  eventMetadata,
}: Pick<AuditLog, 'description' | 'eventMetadata'>): TargetKind {
  const action = stored.safeParse(eventMetadata).data?.action
  const kinds = KINDS.filter(([known]) => descriptionOf(known) === description)
  const [, kind] = kinds.find(([known]) => known === action) ?? kinds[0] ?? []
  if (!kind) throw new Error(`No action of this service has the description ${description}.`)
  return kind
}

const storedArguments = z.looseObject({ arguments: z.looseObject({ dryRun: z.literal(true) }) })

/** Returns true if the action was only to count. */
export const dryRunOf = ({ eventMetadata }: Pick<AuditLog, 'eventMetadata'>): boolean =>
  storedArguments.safeParse(eventMetadata).success

const storedCount = z.looseObject({ result: z.looseObject({ clearedCount: z.int().nonnegative() }) })

/** Returns how many entries a clear removed, or would remove; null while that is not known, and for other actions. */
export const clearedCountOf = ({ eventMetadata }: Pick<AuditLog, 'eventMetadata'>): number | null =>
  storedCount.safeParse(eventMetadata).data?.result.clearedCount ?? null

const storedOutcome = z.looseObject({
  outcome: z.string(),
  status_code: z.number().optional(),
})

/** When an action began and gave its last sign of life, and by whom. */
export interface Sign {
  readonly instance: string | null
  readonly createdAt: Date
  /** Unix milliseconds; null until the first. */
  readonly beat: number | null
}

const storedSign = z.looseObject({
  instance: z.string().nullish().catch(null),
  beat: z.number().nullish().catch(null),
})

export function signOf({ createdAt, eventMetadata }: Pick<AuditLog, 'createdAt' | 'eventMetadata'>): Sign {
  const { data } = storedSign.safeParse(eventMetadata)
  return { createdAt, instance: data?.instance ?? null, beat: data?.beat ?? null }
}

/** Returns how an action ended. @param isRunning tells of an intent without an outcome whether its action may still run */
export function outcomeOf(
  event: Pick<AuditLog, 'eventType' | 'eventMetadata' | 'createdAt'>,
  isRunning: (sign: Sign) => boolean,
): EventOutcome {
  if (isSuccess(event)) return 'SUCCEEDED'
  const { data } = storedOutcome.safeParse(event.eventMetadata)
  if (data?.outcome === 'done') return data.status_code === REFUSED_STATUS ? 'REFUSED' : 'FAILED'
  return data?.outcome === 'pending' && isRunning(signOf(event)) ? 'RUNNING' : 'UNKNOWN'
}
