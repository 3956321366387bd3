/** Actions that leave an audit event, under the names that the gateway's dashboards know, and the operation of each. */
export const OPERATIONS = {
  cache_clear_user: 'clearUserCache',
  cache_clear_api_key: 'clearUserCache',
  cache_clear_single: 'clearSingleAffinity',
  cache_clear_provider: 'clearProviderCache',
  cache_clear_filtered: 'clearAffinities',
  cache_clear_all: 'clearAllCache',
  model_mapping_cache_clear_all: 'clearAllModelMappingCache',
  model_mapping_cache_clear_by_name: 'clearModelMappingCacheByName',
  provider_model_mapping_cache_clear: 'clearProviderModelMappingCache',
  admin_login: 'login',
} as const
export type AuditAction = keyof typeof OPERATIONS
export const AUDIT_ACTIONS = Object.keys(OPERATIONS) as AuditAction[]

/** What is about to be tried, by whom and from where. */
export interface AuditIntent {
  readonly action: AuditAction
  /** As the client sent them; no secret is an argument of an audited action. */
  readonly arguments: Readonly<Record<string, unknown>>
  readonly actorName: string
  /** Null for a static token. */
  readonly actorId: string | null
  readonly ipAddress: string
  readonly userAgent: string | null
  readonly requestId: string
}

/** How it ended. */
export interface AuditOutcome {
  /** What was resolved while it ran may name the action more exactly: a user's identifier can be an API key's. */
  readonly action?: AuditAction
  readonly success: boolean
  /** As HTTP would say it. */
  readonly statusCode: number
  readonly errorMessage: string | null
  readonly result: Readonly<Record<string, unknown>>
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

/**
 * Audit events in the gateway's `audit_logs`: one row an action, written before it acts and completed after.
 * Every method throws UnavailableError (DATABASE_UNAVAILABLE) when the database does not answer.
 */
export interface AuditStore {
  /** Writes the intent. Nothing may be done without it. */
  begin(intent: AuditIntent): Promise<AuditEventRow>
  complete(event: AuditEventRow, outcome: AuditOutcome): Promise<void>
  /** Intents that have no outcome, oldest first. */
  pending(): Promise<readonly PendingIntent[]>
}

/** An action that has begun: it runs on some instance of this service, or that instance has ended in the middle of it. */
export interface PendingIntent {
  readonly id: string
  /** The instance that began it; null where the row does not say. */
  readonly instance: string | null
}

/** The event as it reads once it is completed. */
export const completed = (event: AuditEventRow, outcome: AuditOutcome): AuditEventRow => {
  const { result, success, statusCode, errorMessage, action = event.action } = outcome
  const begun = typeof event.metadata === 'object' && event.metadata !== null ? event.metadata : {}
  // Nobody asks any more whether the action still runs.
  const { instance: _, ...metadata } = { instance: undefined, ...begun }
  return {
    ...event,
    action,
    success,
    errorMessage,
    metadata: { ...metadata, action, outcome: 'done', status_code: statusCode, result },
  }
}
