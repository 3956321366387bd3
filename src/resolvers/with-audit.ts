import type { AuditAction, AuditEventRow, AuditOutcome } from '../audit/audit-store.js'
import type { Context } from '../context.js'
import {
  ConfirmationRequiredError,
  ForbiddenError,
  InvalidInputError,
  NotFoundError,
  UnavailableError,
} from '../errors.js'
import type { Viewer } from '../session/viewer.js'

/** What every clear answers with. */
export interface ClearPayload {
  readonly message: string
  readonly clearedCount: number
  readonly dryRun: boolean
  readonly auditEvent: AuditEventRow
}

/** Of one, and of any other number. */
const NAMES = {
  affinity: ['affinity', 'affinities'],
  modelEntry: ['cached model entry', 'cached model entries'],
} as const

/** What a clear found and did. */
export interface Cleared<Extra extends object = object> {
  readonly clearedCount: number
  /** What went or would go. */
  readonly what: keyof typeof NAMES
  /** Which of them, in words: `of alice`. */
  readonly which?: string
  /** Fields of the payload beyond the common ones. */
  readonly extra: Extra
  /** Facts for the audit event, beside the count. */
  readonly result?: Readonly<Record<string, unknown>>
}

export interface ClearRequest {
  readonly action: AuditAction
  readonly dryRun: boolean
  readonly arguments: Readonly<Record<string, unknown>>
}

/** Names the action more exactly than its field did, from what was found: an identifier can be an API key's. */
export type RenameAction = (action: AuditAction) => void

/**
 * A clear writes its intent, acts, and writes its outcome. Without an intent row nothing is cleared; and every attempt leaves
 * one event: dry, refused, invalid or failed. The audit event and the metrics tell the same action.
 * @throws what `act` throws; ForbiddenError; UnavailableError (DATABASE_UNAVAILABLE) before anything was done
 */
export async function withAudit<Extra extends object>(
  context: Context,
  request: ClearRequest,
  act: (rename: RenameAction) => Promise<Cleared<Extra>>,
): Promise<ClearPayload & Extra> {
  context.clientGone.throwIfAborted()
  const viewer = await context.viewer()
  const { dryRun } = request
  let { action } = request
  const rename: RenameAction = (exact) => {
    action = exact
  }
  const event = await context.audit.begin({
    action,
    arguments: { ...request.arguments, dryRun },
    actorName: viewer.name,
    actorId: viewer.userId,
    ipAddress: context.clientAddress,
    userAgent: context.userAgent,
    requestId: context.requestId,
  })
  try {
    requireClear(viewer)
    // What the answer shows beside the count, and the next clear of the same document, are of the time after it.
    const cleared = await act(rename).finally(() => context.refreshReaders())
    const { clearedCount, extra } = cleared
    context.metrics.clearDone(action, dryRun ? 'dry' : 'done', clearedCount)
    return {
      ...extra,
      clearedCount,
      dryRun,
      message: sentenceOf(cleared, dryRun),
      auditEvent: await completeEvent(context, event, { action, ...successOf(cleared) }),
    }
  } catch (error) {
    context.metrics.clearDone(action, 'failed', error instanceof UnavailableError ? error.clearedCount : 0)
    await completeEvent(context, event, { action, ...failureOf(error) })
    throw error
  }
}

function requireClear(viewer: Viewer): void {
  if (!viewer.canClear) throw new ForbiddenError(`${viewer.name} may read, but not clear.`)
}

/** Completes an audit event, and tells the client where it is while it is not in the database. */
export async function completeEvent(
  context: Context,
  event: AuditEventRow,
  outcome: AuditOutcome,
): Promise<AuditEventRow> {
  const { event: done, keptIn } = await context.audit.complete(event, outcome)
  if (keptIn !== 'row') {
    context.note('audit', { spooled: keptIn === 'spool', message: NOT_IN_ITS_ROW[keptIn] })
  }
  return done
}

const NOT_IN_ITS_ROW = {
  spool: 'The database did not take the outcome; it is kept on disk and will be written when it does.',
  log: 'Neither the database nor the disk took the outcome; it is in the log of the service alone.',
} as const

const successOf = ({ clearedCount, result }: Cleared): AuditOutcome => ({
  success: true,
  statusCode: 200,
  errorMessage: null,
  result: { clearedCount, ...result },
})

const failureOf = (error: unknown): AuditOutcome => ({
  success: false,
  statusCode: statusOf(error),
  errorMessage: isOurs(error) ? error.message : 'Unexpected error.',
  result: {
    clearedCount: error instanceof UnavailableError ? error.clearedCount : 0,
    ...(isOurs(error) && { code: error.code }),
  },
})

const OURS = [
  NotFoundError,
  InvalidInputError,
  ConfirmationRequiredError,
  UnavailableError,
  ForbiddenError,
] as const

const isOurs = (error: unknown): error is InstanceType<(typeof OURS)[number]> =>
  OURS.some((type) => error instanceof type)

function statusOf(error: unknown): number {
  if (error instanceof ForbiddenError) return 403
  if (error instanceof NotFoundError) return 404
  if (error instanceof InvalidInputError) return 400
  if (error instanceof ConfirmationRequiredError) return 428
  if (error instanceof UnavailableError) return 503
  return 500
}

function sentenceOf({ clearedCount, what, which }: Cleared, dryRun: boolean): string {
  const count = clearedCount.toLocaleString('en')
  const name = NAMES[what][clearedCount === 1 ? 0 : 1]
  const entries = [count, name, which].filter((part) => part !== undefined).join(' ')
  return dryRun ? `Would clear ${entries}. Nothing was cleared.` : `Cleared ${entries}.`
}
