import type { AffinityGrouping } from '../../generated/graphql.js'
import { FILTER_PARAMS, VERDICT_PARAMS, type ViewState, verdictParams } from '../affinities/address.js'
import { STALE_REASONS, USABILITIES } from '../affinities/verdict.js'

/** What pins are counted by, by the parameter of `/affinities` that selects one group. */
export const GROUPINGS = {
  [FILTER_PARAMS.providerId]: 'PROVIDER',
  [FILTER_PARAMS.providerKeyId]: 'PROVIDER_KEY',
  [FILTER_PARAMS.endpointId]: 'ENDPOINT',
  [FILTER_PARAMS.modelId]: 'MODEL',
  [FILTER_PARAMS.apiFormat]: 'API_FORMAT',
  [FILTER_PARAMS.clientFamily]: 'CLIENT_FAMILY',
  [FILTER_PARAMS.userId]: 'USER',
  [FILTER_PARAMS.affinityKey]: 'API_KEY',
  [VERDICT_PARAMS.reasons]: 'STALE_REASON',
  [VERDICT_PARAMS.usability]: 'USABILITY',
} as const satisfies Record<string, AffinityGrouping>
export type Grouping = keyof typeof GROUPINGS
export const GROUPING_NAMES = Object.keys(GROUPINGS) as Grouping[]

export const isGrouping = (name: string | undefined): name is Grouping =>
  name !== undefined && Object.hasOwn(GROUPINGS, name)

/** The parameters that say what is counted, and not how a list is shown. */
const isSelecting = (name: string): boolean => !['sort', 'page', 'size', 'open'].includes(name)

/** Returns the parameters of the selection that is counted. */
export function selecting(params: URLSearchParams): URLSearchParams {
  const kept = new URLSearchParams(params)
  for (const name of params.keys()) if (!isSelecting(name)) kept.delete(name)
  return kept
}

/** An id that a part of an address can be. */
const PART = /^[\w-]+$/

/** Returns the address of a provider's page; null for an id that no gateway gives, and no part of an address can be. */
export const providerAddress = (id: string): string | null => (PART.test(id) ? `/providers/${id}` : null)

/**
 * Returns the address of the group: the provider's page, where all of its pins are counted, or else the list that has exactly the
 * group's records. It is null if no address says that, as for a reason beside others of which one is enough.
 */
export function groupAddress(
  grouping: Grouping,
  key: string,
  params: URLSearchParams,
  { reasons }: Pick<ViewState, 'reasons'>,
): string | null {
  const next = selecting(params)
  const page = grouping === FILTER_PARAMS.providerId && next.size === 0 ? providerAddress(key) : null
  if (page !== null) return page
  if (grouping === VERDICT_PARAMS.usability) {
    const use = USABILITIES.find((known) => known === key)
    if (use === undefined) return null
    for (const [name, value] of Object.entries(verdictParams(use))) {
      if (value === null) next.delete(name)
      else next.set(name, value)
    }
  } else if (grouping === VERDICT_PARAMS.reasons) {
    if (reasons.length > 0 || !STALE_REASONS.some((known) => known === key)) return null
    next.set(grouping, key)
  } else next.set(grouping, key)
  return `/affinities?${next}`
}
