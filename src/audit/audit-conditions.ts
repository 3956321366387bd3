import type { Prisma } from '../generated/prisma/client.js'
import { ANY_NULL } from '../postgres/any-null.js'
import { type EventOutcome, REFUSED_STATUS, TARGET_KINDS, type TargetKind } from './audit-facts.js'
import { type AuditAction, descriptionOf, eventTypeOf, OURS, TARGETS } from './audit-store.js'

/** Which audit events are wanted: those for which every given field holds. */
export interface AuditSelection {
  readonly actions?: readonly string[]
  /** The username, the name of the static token, or the id of the user. */
  readonly actor?: string
  readonly targetKind?: TargetKind
  readonly targetId?: string
  readonly outcome?: EventOutcome
  readonly dryRun?: boolean
  /** Inclusive. */
  readonly since?: Date
  /** Exclusive. */
  readonly until?: Date
}

type Where = Prisma.AuditLogWhereInput

const at = (path: readonly string[], equals: Prisma.InputJsonValue): Where => ({
  eventMetadata: { path: [...path], equals },
})
/** The path leads to nothing, or to a null. A comparison with nothing is neither true nor false in SQL, so that NOT does not find it. */
const absent = (path: readonly string[]): Where => ({
  eventMetadata: { path: [...path], equals: ANY_NULL },
})

/** The condition for the events that a selection means, and for nothing that the gateway wrote. @param running ids of the intents whose action may still run */
export function auditCondition(selection: AuditSelection, running: readonly string[]): Where {
  const { actions, actor, targetKind, targetId, outcome, dryRun, since, until } = selection
  const conditions: Where[] = [OURS]
  if (actions) conditions.push({ OR: actions.map((action) => at(['action'], action)) })
  if (actor !== undefined) conditions.push({ OR: [at(['actor'], actor), { userId: actor }] })
  if (targetKind) conditions.push(ofKind(targetKind))
  if (targetId !== undefined) conditions.push(aimedAt(targetId))
  if (outcome) conditions.push(ended(outcome, running))
  if (dryRun !== undefined) conditions.push(counting(dryRun))
  if (since) conditions.push({ createdAt: { gte: since } })
  if (until) conditions.push({ createdAt: { lt: until } })
  return { AND: conditions }
}

/** Agrees with `targetKindOf`. */
function ofKind(kind: TargetKind): Where {
  const actions = (Object.keys(TARGET_KINDS) as AuditAction[]).filter(
    (action) => TARGET_KINDS[action] === kind,
  )
  const condition: Where = { description: { in: actions.map(descriptionOf) } }
  const apiKey = 'cache_clear_api_key'
  if (kind === 'API_KEY') return { AND: [condition, at(['action'], apiKey)] }
  if (kind !== 'USER') return condition
  const other: Where = { eventMetadata: { path: ['action'], not: apiKey } }
  return { AND: [condition, { OR: [other, absent(['action'])] }] }
}

/** Agrees with `targetIdOf`. */
const aimedAt = (id: string): Where => ({
  OR: Object.entries(TARGETS).map(([action, { found, typed }]) => {
    const typedIt = at(['arguments', typed], id)
    if (found === undefined) return { AND: [at(['action'], action), typedIt] }
    const foundIt = ['result', found]
    return {
      AND: [at(['action'], action), { OR: [at(foundIt, id), { AND: [typedIt, absent(foundIt)] }] }],
    }
  }),
})

const counting = (dryRun: boolean): Where => {
  const path = ['arguments', 'dryRun']
  if (dryRun) return at(path, true)
  return { OR: [{ eventMetadata: { path, not: true } }, absent(path)] }
}

/** Agrees with `outcomeOf`. */
function ended(outcome: EventOutcome, running: readonly string[]): Where {
  if (outcome === 'SUCCEEDED') return { eventType: eventTypeOf(true) }
  if (outcome === 'RUNNING') return { id: { in: [...running] } }
  const failed: Where = { eventType: eventTypeOf(false) }
  const status = ['status_code']
  if (outcome === 'REFUSED') return { AND: [failed, at(['outcome'], 'done'), at(status, REFUSED_STATUS)] }
  if (outcome === 'FAILED') {
    const other: Where = { eventMetadata: { path: status, not: REFUSED_STATUS } }
    return { AND: [failed, at(['outcome'], 'done'), { OR: [other, absent(status)] }] }
  }
  const undone: Where = { eventMetadata: { path: ['outcome'], not: 'done' } }
  return {
    AND: [failed, { id: { notIn: [...running] } }, { OR: [undone, absent(['outcome'])] }],
  }
}
