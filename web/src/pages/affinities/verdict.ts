import type { StaleReason, Usability } from '../../generated/graphql.js'
import { en } from '../../i18n/en.js'

/** What a list can be narrowed to: one verdict, or all but stale ones. */
export type Use = Usability | 'NOT_STALE'

export const USABILITIES: readonly Usability[] = ['USABLE', 'CONDITIONAL', 'STALE']

/** The catalogue has a word for each reason, or the console would not compile. */
export const STALE_REASONS = Object.keys(en.staleReasons) as readonly StaleReason[]

/** No gateway gives this reason, so that nothing is found by it. */
const NEVER_GIVEN: readonly StaleReason[] = ['PROVIDER_KEY_EXPIRED']

export const OFFERED_REASONS = STALE_REASONS.filter((reason) => !NEVER_GIVEN.includes(reason))
