import { z } from 'zod'
import type { AuditLog, Prisma } from '../generated/prisma/client.js'

/** The audited actions, under the names that the gateway's dashboards know, each with the name of its mutation. */
export const OPERATIONS = {
  cache_clear_user: 'clearUserCache',
  cache_clear_api_key: 'clearUserCache',
  cache_clear_single: 'clearSingleAffinity',
  cache_clear_provider: 'clearProviderCache',
  cache_clear_filtered: 'clearAffinities',
  cache_clear_all: 'clearAllCache',
  pool_sessions_clear: 'clearPoolSessions',
  model_mapping_cache_clear_all: 'clearAllModelMappingCache',
  model_mapping_cache_clear_by_name: 'clearModelMappingCacheByName',
  provider_model_mapping_cache_clear: 'clearProviderModelMappingCache',
  admin_login: 'login',
  admin_logout: 'logout',
} as const
export type AuditAction = keyof typeof OPERATIONS
export const AUDIT_ACTIONS = Object.keys(OPERATIONS) as AuditAction[]

/** The intent of an action: what will be tried, by whom and from where. */
export interface AuditIntent {
  readonly action: AuditAction
  /** The arguments of the mutation. No argument of an audited action is a secret. */
  readonly arguments: Readonly<Record<string, unknown>>
  /** Empty for a sign-in that failed: what somebody types says nothing of who it is. */
  readonly actorName: string
  /** Null for a static token. */
  readonly actorId: string | null
  readonly ipAddress: string
  readonly userAgent: string | null
  readonly requestId: string
}

/** The outcome of an action. */
export interface AuditOutcome {
  /** A more exact action than the intent's, if there is one: an identifier of a user can turn out to be an API key's. */
  readonly action?: AuditAction
  readonly success: boolean
  /** The HTTP status that fits the outcome. */
  readonly statusCode: number
  readonly errorMessage: string | null
  readonly result: Readonly<Record<string, unknown>>
  /** 2 and more for an outcome that replaces an earlier one of the same event; undefined is 1. */
  readonly revision?: number
}

export interface AuditEventRow {
  readonly id: string
  readonly action: string
  readonly success: boolean
  readonly createdAt: Date
  readonly actorId: string | null
  readonly actorName: string
  readonly ipAddress: string | null
  readonly requestId: string | null
  readonly errorMessage: string | null
  readonly metadata: unknown
}

export interface CompletedEvent {
  readonly event: AuditEventRow
  /** The place of the outcome: its row, the spool until the database takes it, or only the log. */
  readonly keptIn: 'row' | 'spool' | 'log'
}

/**
 * Writes audit events to the gateway's `audit_logs`: one row for each action, inserted before it and updated after it.
 * Every method throws UnavailableError (DATABASE_UNAVAILABLE) when the database does not answer.
 */
export interface AuditStore {
  /** Writes the intent. If this fails, the action must not be done. */
  begin(intent: AuditIntent): Promise<AuditEventRow>
  /** Writes the outcome, unless the row has a later one. */
  complete(event: AuditEventRow, outcome: AuditOutcome): Promise<void>
  /** Writes to an event without an outcome that its action still runs. */
  beat(event: AuditEventRow): Promise<void>
  /** Lists the intents without an outcome, oldest first; only these if ids are given. */
  pending(ids?: readonly string[]): Promise<readonly PendingIntent[]>
  /** Lists the newest sign-ins that succeeded since this time, at most 1,000. */
  signIns(since: Date): Promise<readonly SignIn[]>
}

export interface SignIn {
  /** The email or username as it was typed. */
  readonly account: string
  readonly address: string
}

/** An intent without an outcome: the action still runs on some instance of this service, or that instance has crashed. */
export interface PendingIntent {
  readonly id: string
  /** The tag of the instance that began the action; null if the row does not have it. */
  readonly instance: string | null
  /** Changes while the action runs; null until the first sign of life. */
  readonly beat: number | null
}

/** Returns an event with its outcome. */
export const completed = (event: AuditEventRow, outcome: AuditOutcome): AuditEventRow => {
  const { result, success, statusCode, errorMessage, revision, action = event.action } = outcome
  const begun = typeof event.metadata === 'object' && event.metadata !== null ? event.metadata : {}
  // The instance is needed only while the action runs.
  const { instance: _, ...metadata } = { instance: undefined, ...begun }
  return {
    ...event,
    action,
    success,
    errorMessage,
    metadata: {
      ...metadata,
      action,
      outcome: 'done',
      status_code: statusCode,
      ...(revision !== undefined && { revision }),
      result,
    },
  }
}

export const descriptionOf = (action: string): string =>
  `${OPERATIONS[action as AuditAction] ?? action} via affinityql`

/**
 * The condition for rows of this service: the gateway writes rows of these types too, but none of these descriptions. They
 * are compared as a whole, since a caller of the gateway may choose how a description of the gateway ends.
 */
export const OURS = {
  eventType: { in: ['request_success', 'request_failed'] },
  description: { in: [...new Set(AUDIT_ACTIONS.map(descriptionOf))] },
} satisfies Prisma.AuditLogWhereInput

export const eventTypeOf = (success: boolean): string => (success ? 'request_success' : 'request_failed')

export const isSuccess = ({ eventType }: Pick<AuditLog, 'eventType'>): boolean =>
  eventType === eventTypeOf(true)

const storedMetadata = z.looseObject({ action: z.string(), actor: z.string() })

/** Returns the action and the actor of an event; both are `unknown` if somebody has changed the row. */
export function actionAndActorOf({ eventMetadata }: Pick<AuditLog, 'eventMetadata'>): {
  action: string
  actor: string
} {
  const { success, data } = storedMetadata.safeParse(eventMetadata)
  return success ? { action: data.action, actor: data.actor } : { action: 'unknown', actor: 'unknown' }
}

const storedTarget = z.looseObject({
  action: z.string(),
  arguments: z.record(z.string(), z.unknown()),
  result: z.record(z.string(), z.unknown()).optional(),
})

/** The place in which an event of each action names its one target: in the result, once it is found, or else in the arguments. */
export const TARGETS = {
  cache_clear_user: { found: 'userId', typed: 'identifier' },
  cache_clear_api_key: { found: 'apiKeyId', typed: 'identifier' },
  cache_clear_provider: { found: undefined, typed: 'providerId' },
  model_mapping_cache_clear_by_name: { found: undefined, typed: 'modelName' },
  admin_login: { found: undefined, typed: 'email' },
} as const satisfies Partial<Record<AuditAction, { found: string | undefined; typed: string }>>

/**
 * Returns what an action was aimed at: the account or key that was found, or else what the caller typed. Null for actions
 * that are aimed at many things, or whose target needs several arguments.
 */
export function targetIdOf({ eventMetadata }: Pick<AuditLog, 'eventMetadata'>): string | null {
  const { data } = storedTarget.safeParse(eventMetadata)
  if (!data) return null
  const { action, arguments: given, result = {} } = data
  const place = Object.hasOwn(TARGETS, action) ? TARGETS[action as keyof typeof TARGETS] : undefined
  if (!place) return null
  const target = (place.found === undefined ? undefined : result[place.found]) ?? given[place.typed]
  return typeof target === 'string' ? target : null
}

const returned = z.looseObject({ result: z.looseObject({ writtenBack: z.int().nonnegative() }) })

/** Returns how many cleared affinities gateways had written back; null until that is known. */
export const writtenBackOf = ({ eventMetadata }: Pick<AuditLog, 'eventMetadata'>): number | null =>
  returned.safeParse(eventMetadata).data?.result.writtenBack ?? null

/** Converts an event that this request has just written into its row, as a read would return it. */
export const rowOf = (event: AuditEventRow) => ({
  id: event.id,
  eventType: eventTypeOf(event.success),
  description: descriptionOf(event.action),
  userId: event.actorId,
  ipAddress: event.ipAddress,
  requestId: event.requestId,
  eventMetadata: event.metadata,
  errorMessage: event.errorMessage,
  createdAt: event.createdAt,
})
