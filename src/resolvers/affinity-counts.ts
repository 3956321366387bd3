import type { Dimension } from '../affinities/affinity-record.js'
import type { AffinitySelection, Tally } from '../affinities/affinity-selection.js'
import type { Context } from '../context.js'
import { UnavailableError } from '../errors.js'
import type {
  ApiKeyRow,
  EndpointRow,
  GlobalModelRow,
  ProviderKeyRow,
  ProviderRow,
  UserRow,
} from '../gateway/rows.js'
import type { MaybePromise } from '../util/promises.js'
import { readFirst } from './paging.js'
import {
  type AffinityFilter,
  both,
  filterSelection,
  presentFields,
  readSearchText,
  resolveSearch,
} from './selections.js'
import { judgeOfAll, verdictClasses } from './usability.js'

/** The groupings of which the index has a dimension. */
const DIMENSIONS = {
  PROVIDER: 'providerId',
  PROVIDER_KEY: 'providerKeyId',
  ENDPOINT: 'endpointId',
  MODEL: 'modelId',
  API_FORMAT: 'apiFormat',
  CLIENT_FAMILY: 'clientFamily',
  API_KEY: 'affinityKey',
  FAMILY: 'family',
} as const satisfies Record<string, Dimension>

export type AffinityGrouping = keyof typeof DIMENSIONS | 'USER' | 'STALE_REASON' | 'USABILITY'

export const DEFAULT_GROUPS = 20

export interface AffinityCountsArguments {
  readonly by: AffinityGrouping
  readonly filter?: AffinityFilter | null | undefined
  readonly search?: string | null | undefined
  readonly first?: number | null | undefined
}

export interface AffinityCount {
  readonly by: AffinityGrouping
  readonly key: string
  readonly count: number
}

export interface AffinityCounts {
  readonly by: AffinityGrouping
  readonly total: number
  readonly groupCount: number
  readonly groups: readonly AffinityCount[]
  /** The sum of the groups that are not listed. */
  readonly others: number
  /** The number of records in no group. */
  readonly ungrouped: number
}

interface Groups extends Tally<string> {
  readonly ungrouped: number
}

/** Counts live affinities by what they have in common: the largest groups first, then by key. */
export async function affinityCounts(
  { by, filter, search, first }: AffinityCountsArguments,
  context: Context,
): Promise<AffinityCounts> {
  const listed = readFirst(first ?? DEFAULT_GROUPS)
  const text = search == null ? null : readSearchText(search, 'search')
  const searched = text === null ? {} : (await resolveSearch(text, context)).selection
  const selection = both(searched, await filterSelection(presentFields(filter), context))
  const { total, counts, ungrouped } = await groupsOf(by, selection, context)
  const ordered = largest(counts, listed)
  const groups = ordered.slice(0, listed).map(([key, count]) => ({ by, key, count }))
  return {
    by,
    total,
    groupCount: counts.size,
    groups,
    others: sum(counts.values()) - sum(groups.map(({ count }) => count)),
    ungrouped,
  }
}

/** Sorts the groups that may be listed: to sort 100,000 API keys by name would take longer than to count them. */
function largest(counts: ReadonlyMap<string, number>, listed: number): (readonly [string, number])[] {
  const smallest = Int32Array.from(counts.values()).sort().at(-listed) ?? 0
  return [...counts]
    .filter(([, count]) => count >= smallest)
    .sort(([a, inA], [b, inB]) => inB - inA || (a < b ? -1 : a > b ? 1 : 0))
}

function groupsOf(by: AffinityGrouping, selection: AffinitySelection, context: Context): Promise<Groups> {
  if (by === 'USER') return groupsOfUsers(selection, context)
  if (by === 'STALE_REASON' || by === 'USABILITY') return groupsOfVerdicts(by, selection, context)
  return groupsOfValues(by, selection, context)
}

/** Every record has one value, or none. */
async function groupsOfValues(
  by: keyof typeof DIMENSIONS,
  selection: AffinitySelection,
  { affinities }: Context,
): Promise<Groups> {
  const { total, counts } = await affinities.tally(selection, DIMENSIONS[by])
  const ungrouped = total - sum(counts.values())
  if (by !== 'FAMILY') return { total, counts, ungrouped }
  // As the API names families.
  return {
    total,
    counts: new Map([...counts].map(([name, count]) => [name.toUpperCase(), count])),
    ungrouped,
  }
}

/** A record belongs to the user of its API key, whom the database knows; the viewer pays for those that have to be read. */
async function groupsOfUsers(
  selection: AffinitySelection,
  { affinities, apiKeyOwners, payForRead }: Context,
): Promise<Groups> {
  const { total, counts } = await affinities.tally(selection, 'affinityKey')
  const owners = [...counts].map(([id, count]) => [apiKeyOwners.ownerOf(id), count] as const)
  await Promise.all([
    payForRead(owners.filter(([owner]) => owner instanceof Promise).length),
    ...owners.map(([owner]) => owner),
  ])
  const users = new Map<string, number>()
  for (const [known, count] of owners) {
    const owner = known instanceof Promise ? await known : known
    if (owner !== null) users.set(owner, (users.get(owner) ?? 0) + count)
  }
  return { total, counts: users, ungrouped: total - sum(users.values()) }
}

/** A record that is stale for two reasons is in the groups of both. */
async function groupsOfVerdicts(
  by: 'STALE_REASON' | 'USABILITY',
  selection: AffinitySelection,
  context: Context,
): Promise<Groups> {
  const judge = await judgeOfAll(context, false)
  await context.turns.next()
  const { classes, verdicts } = verdictClasses(judge, context.affinityStore.families)
  const { total, counts } = await context.affinities.tallyClasses(selection, classes)
  const groups = new Map<string, number>()
  let ungrouped = 0
  for (const [number, count] of counts) {
    const verdict = verdicts[number]
    const names = by === 'USABILITY' ? [verdict?.usability ?? 'USABLE'] : (verdict?.staleReasons ?? [])
    for (const name of names) groups.set(name, (groups.get(name) ?? 0) + count)
    if (names.length === 0) ungrouped += count
  }
  return { total, counts: groups, ungrouped }
}

const sum = (counts: Iterable<number>): number => {
  let total = 0
  for (const count of counts) total += count
  return total
}

export const providerOfCount = (
  { by, key }: AffinityCount,
  { loaders }: Context,
): MaybePromise<ProviderRow | null> => (by === 'PROVIDER' ? loaders.providers.load(key) : null)

export const providerKeyOfCount = (
  { by, key }: AffinityCount,
  { loaders }: Context,
): MaybePromise<ProviderKeyRow | null> => (by === 'PROVIDER_KEY' ? loaders.providerKeys.load(key) : null)

export const endpointOfCount = (
  { by, key }: AffinityCount,
  { loaders }: Context,
): MaybePromise<EndpointRow | null> => (by === 'ENDPOINT' ? loaders.endpoints.load(key) : null)

export const userOfCount = (
  { by, key }: AffinityCount,
  { loaders }: Context,
): MaybePromise<UserRow | null> => (by === 'USER' ? loaders.users.load(key) : null)

export const apiKeyOfCount = (
  { by, key }: AffinityCount,
  { loaders }: Context,
): MaybePromise<ApiKeyRow | null> => (by === 'API_KEY' ? loaders.apiKeys.byId.load(key) : null)

/** Finds the global model by its id, and by its name where some family's keys hold names. */
export async function modelOfCount(
  { by, key }: AffinityCount,
  { loaders, affinities, affinityStore }: Context,
): Promise<GlobalModelRow | null> {
  if (by !== 'MODEL') return null
  const byId = await loaders.globalModels.load(key)
  if (byId !== null) return byId
  const families = await affinities.distinct('family')
  const isNamed = affinityStore.families.namesOf('name').some((name) => families.has(name))
  return isNamed ? loaders.globalModelsNamed.load(key) : null
}

/** Returns the name of what a group has in common; its key if it has none, or while the names cannot be read. */
export async function labelOf(count: AffinityCount, context: Context): Promise<string> {
  try {
    return (await nameOf(count, context)) || count.key
  } catch (error) {
    // The fields that show the rows themselves tell of the outage.
    if (error instanceof UnavailableError) return count.key
    throw error
  }
}

async function nameOf(count: AffinityCount, context: Context): Promise<string | null | undefined> {
  const [provider, providerKey, endpoint, model, user, apiKey] = await Promise.all([
    providerOfCount(count, context),
    providerKeyOfCount(count, context),
    endpointOfCount(count, context),
    modelOfCount(count, context),
    userOfCount(count, context),
    apiKeyOfCount(count, context),
  ])
  return (
    provider?.displayName ??
    providerKey?.name ??
    endpoint?.baseUrl ??
    model?.displayName ??
    user?.username ??
    apiKey?.name
  )
}
