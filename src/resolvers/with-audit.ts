import type { ClearWarning } from '../affinities/clear/clear-warning.js'
import type {
  AuditAction,
  AuditEventRow,
  AuditIntent,
  AuditOutcome,
  CompletedEvent,
} from '../audit/audit-store.js'
import type { Context } from '../context.js'
import {
  ConfirmationRequiredError,
  databaseUnavailable,
  ForbiddenError,
  InvalidInputError,
  type NodeResult,
  NotFoundError,
  OverloadedError,
  RateLimitedError,
  UnavailableError,
} from '../errors.js'
import type { Viewer } from '../session/viewer.js'

/** Fields that the answer of every clear has. */
export interface ClearPayload {
  readonly message: string
  readonly clearedCount: number
  readonly dryRun: boolean
  readonly auditEvent: AuditEventRow
  readonly warnings: readonly ClearWarning[]
  /** The nodes of the gateway that were called. */
  readonly nodes: readonly NodeResult[]
}

/** What a clear of affinities did beyond its count. */
export interface Aftermath {
  readonly warnings: readonly ClearWarning[]
  readonly nodes?: readonly NodeResult[]
  /** Further facts for the audit event. */
  readonly result?: Readonly<Record<string, unknown>>
  /** Resolves at the end of the guard window; null: nobody has counted. */
  readonly writtenBack?: Promise<number | null>
}

/** Singular and plural of each word. */
const NAMES = {
  affinity: ['affinity', 'affinities'],
  poolSession: ['pool session', 'pool sessions'],
  modelEntry: ['cached model entry', 'cached model entries'],
} as const

/** Result of a clear. */
export interface Cleared<Extra extends object = object> {
  readonly clearedCount: number
  /** Kind of the cleared entries. */
  readonly what: keyof typeof NAMES
  /** Words that say which entries were cleared, such as `of alice`. */
  readonly which?: string
  /** Further fields of the payload. */
  readonly extra: Extra
  /** Further facts for the audit event. */
  readonly result?: Readonly<Record<string, unknown>>
  readonly aftermath?: Aftermath
}

export interface ClearRequest {
  readonly action: AuditAction
  readonly dryRun: boolean
  readonly arguments: Readonly<Record<string, unknown>>
}

/** Replaces the audit action, after the clear has found what its identifier names, such as an API key instead of a user. */
export type RenameAction = (action: AuditAction) => void

/**
 * Runs a clear with an audit event: it writes the intent, clears, and writes the outcome (write-ahead log). Without an intent
 * row nothing is cleared. Every attempt leaves one event, also a dry run, and an invalid or failed one. Attempts of a viewer
 * who may not clear leave one event for each action and minute. The audit event and the metrics have the same action.
 * @throws whatever `act` throws; ForbiddenError; UnavailableError (DATABASE_UNAVAILABLE) before anything was cleared
 */
export async function withAudit<Extra extends object>(
  context: Context,
  request: ClearRequest,
  act: (rename: RenameAction, auditEventId: string) => Promise<Cleared<Extra>>,
): Promise<ClearPayload & Extra> {
  context.clientGone.throwIfAborted()
  const viewer = await context.viewer()
  // A right that may have been taken away clears nothing, also where the database is back just now.
  if (viewer.isUnconfirmed) throw databaseUnavailable(undefined)
  const { dryRun } = request
  let { action } = request
  const rename: RenameAction = (exact) => {
    action = exact
  }
  const intent: AuditIntent = {
    action,
    arguments: { ...request.arguments, dryRun },
    actorName: viewer.name,
    actorId: viewer.userId,
    ipAddress: context.clientAddress,
    userAgent: context.userAgent,
    requestId: context.requestId,
  }
  if (!viewer.canClear) throw await refused(context, viewer, intent)
  const event = await context.audit.begin(intent)
  try {
    // The rest of the answer, and the next clear of the same document, must see the cache as it is after this clear.
    const cleared = await act(rename, event.id).finally(() => context.refreshReaders())
    const { clearedCount, extra, aftermath } = cleared
    context.metrics.clearDone(action, dryRun ? 'dry' : 'done', clearedCount)
    const outcome = { action, ...successOf(cleared) }
    const auditEvent = await completeEvent(context, event, outcome)
    void aftermath?.writtenBack?.then((count) => addWrittenBack(context, event, outcome, count))
    return {
      ...extra,
      clearedCount,
      dryRun,
      message: sentenceOf(cleared, dryRun),
      auditEvent,
      warnings: aftermath?.warnings ?? [],
      nodes: aftermath?.nodes ?? [],
    }
  } catch (error) {
    context.metrics.clearDone(action, 'failed', error instanceof UnavailableError ? error.clearedCount : 0)
    await completeEvent(context, event, { action, ...failureOf(error) })
    throw error
  }
}

/** Writes the audit event of a clear that this viewer may not do, and returns the error. */
async function refused(context: Context, viewer: Viewer, intent: AuditIntent): Promise<ForbiddenError> {
  const error = new ForbiddenError(`${viewer.name} may read, but not clear.`)
  await auditRefusal(context, viewer, intent, error)
  context.metrics.clearDone(intent.action, 'failed', 0)
  return error
}

/** Writes one audit event a minute for what this viewer may not do, however often it is tried. */
export async function auditRefusal(
  context: Context,
  viewer: Viewer,
  intent: AuditIntent,
  error: ForbiddenError,
): Promise<void> {
  const written = await context.audit.refuse(viewer.key, intent, failureOf(error))
  if (written) noteOf(context, written)
}

/** Completes an audit event. If the database does not take it, a note in `extensions` tells the client where the outcome is. */
export async function completeEvent(
  context: Context,
  event: AuditEventRow,
  outcome: AuditOutcome,
): Promise<AuditEventRow> {
  const written = await context.audit.complete(event, outcome)
  noteOf(context, written)
  return written.event
}

function noteOf(context: Context, { keptIn }: CompletedEvent): void {
  if (keptIn === 'row') return
  context.note('audit', { spooled: keptIn === 'spool', message: NOT_IN_ITS_ROW[keptIn] })
}

const NOT_IN_ITS_ROW = {
  spool: 'The database did not take the outcome; it is kept on disk and will be written when it does.',
  log: 'Neither the database nor the disk took the outcome; it is in the log of the service alone.',
} as const

/** Completes the event a second time, at the end of the guard window: the client may have gone long since. */
async function addWrittenBack(
  context: Context,
  event: AuditEventRow,
  outcome: AuditOutcome,
  writtenBack: number | null,
): Promise<void> {
  if (writtenBack === null) return
  await context.audit.complete(event, { ...outcome, result: { ...outcome.result, writtenBack } })
}

const successOf = ({ clearedCount, result, aftermath }: Cleared): AuditOutcome => ({
  success: true,
  statusCode: 200,
  errorMessage: null,
  result: {
    clearedCount,
    ...result,
    ...aftermath?.result,
    ...(aftermath?.nodes?.length && { nodes: aftermath.nodes }),
    ...(aftermath?.warnings.length && { warnings: aftermath.warnings.map(({ code }) => code) }),
  },
})

export const failureOf = (error: unknown): AuditOutcome => ({
  success: false,
  statusCode: statusOf(error),
  errorMessage: isOurs(error) ? error.message : 'Unexpected error.',
  result: {
    clearedCount: error instanceof UnavailableError ? error.clearedCount : 0,
    ...(isOurs(error) && { code: error.code }),
    ...(error instanceof UnavailableError && error.nodes.length > 0 && { nodes: error.nodes }),
  },
})

const OURS = [
  NotFoundError,
  InvalidInputError,
  ConfirmationRequiredError,
  UnavailableError,
  ForbiddenError,
  RateLimitedError,
  OverloadedError,
] as const

const isOurs = (error: unknown): error is InstanceType<(typeof OURS)[number]> =>
  OURS.some((type) => error instanceof type)

function statusOf(error: unknown): number {
  if (error instanceof ForbiddenError) return 403
  if (error instanceof NotFoundError) return 404
  if (error instanceof InvalidInputError) return 400
  if (error instanceof ConfirmationRequiredError) return 428
  if (error instanceof RateLimitedError) return 429
  if (error instanceof UnavailableError || error instanceof OverloadedError) return 503
  return 500
}

function sentenceOf({ clearedCount, what, which }: Cleared, dryRun: boolean): string {
  const count = clearedCount.toLocaleString('en')
  const name = NAMES[what][clearedCount === 1 ? 0 : 1]
  const entries = [count, name, which].filter((part) => part !== undefined).join(' ')
  return dryRun ? `Would clear ${entries}. Nothing was cleared.` : `Cleared ${entries}.`
}
