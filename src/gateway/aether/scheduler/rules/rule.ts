import type { StaleReason, UseCondition } from '../../../usability.js'
import type { Case } from '../case.js'

/* How a rule looks. A condition on a row that is not there does not hold, unless it says so. */

interface Row<Name> {
  readonly name: Name
  /** The condition in words, for the docs. */
  readonly when: string
  holds(one: Case): boolean
}
export type Rule = Row<StaleReason>
export type ConditionRule = Row<UseCondition>

export interface Rules {
  readonly reasons: readonly Rule[]
  /** What the use of a pin that is not stale depends on. */
  readonly conditions: readonly ConditionRule[]
}

export const rule = <const N extends StaleReason | UseCondition>(
  name: N,
  when: string,
  holds: (one: Case) => boolean,
): Row<N> => ({ name, when, holds })

export const isPast = (time: number | null, now: number): boolean => time !== null && time <= now
