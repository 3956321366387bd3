import { z } from 'zod'
import type { AuditLog, Prisma } from '../generated/prisma/client.js'
import { type AuditAction, type AuditEventRow, OPERATIONS } from './audit-store.js'

/** The condition for rows of this service: the gateway writes rows of these types too, but never this description. */
export const OURS = {
  eventType: { in: ['request_success', 'request_failed'] },
  description: { endsWith: ' via affinityql' },
} satisfies Prisma.AuditLogWhereInput

export const descriptionOf = (action: string): string =>
  `${OPERATIONS[action as AuditAction] ?? action} via affinityql`

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

const startedBy = z.looseObject({ instance: z.string() })

/** Returns the tag of the service instance that began an action; null if the row does not have it. */
export const instanceOf = (eventMetadata: unknown): string | null =>
  startedBy.safeParse(eventMetadata).data?.instance ?? null

/** Converts an event that this request has just written into its row, as a read would return it. */
export const rowOf = (event: AuditEventRow) => ({
  id: event.id,
  eventType: eventTypeOf(event.success),
  userId: event.actorId,
  ipAddress: event.ipAddress,
  requestId: event.requestId,
  eventMetadata: event.metadata,
  errorMessage: event.errorMessage,
  createdAt: event.createdAt,
})
