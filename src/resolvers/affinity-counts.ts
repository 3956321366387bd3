import type { AffinityReader } from '../affinities/affinity-reader.js'
import type { Dimension } from '../affinities/affinity-record.js'
import type { AffinitySelection, LargestGroups, Tally } from '../affinities/affinity-selection.js'
import { largestOf } from '../affinities/largest-groups.js'
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
import { TimeSlice } from '../util/time-slice.js'
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

interface Groups extends LargestGroups {
  readonly ungrouped: number
}

/** Who asks, and what: equal questions have the same answer. */
interface Asked {
  readonly context: Context
  readonly question: string
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
  const { total, groupCount, grouped, groups, ungrouped } = await groupsOf(by, selection, listed, {
    context,
    question: JSON.stringify([presentFields(filter), text]),
  })
  return {
    by,
    total,
    groupCount,
    groups: groups.map(([key, count]) => ({ by, key, count })),
    others: grouped - sum(groups.map(([, count]) => count)),
    ungrouped,
  }
}

function groupsOf(
  by: AffinityGrouping,
  selection: AffinitySelection,
  first: number,
  asked: Asked,
): Promise<Groups> {
  if (by === 'USER') return groupsOfUsers(selection, first, asked)
  if (by === 'STALE_REASON' || by === 'USABILITY')
    return groupsOfVerdicts(by, selection, first, asked.context)
  return groupsOfValues(by, selection, first, asked.context)
}

/** Every record has one value, or none. */
async function groupsOfValues(
  by: keyof typeof DIMENSIONS,
  selection: AffinitySelection,
  first: number,
  { affinities }: Context,
): Promise<Groups> {
  const found = await affinities.largest(selection, DIMENSIONS[by], first)
  const ungrouped = found.total - found.grouped
  if (by !== 'FAMILY') return { ...found, ungrouped }
  // As the API names families.
  return { ...found, groups: found.groups.map(([name, count]) => [name.toUpperCase(), count]), ungrouped }
}

/** API keys from which on the counts of users are kept for a moment: to count fewer costs little, and is exact at once. */
const KEPT_FROM_KEYS = 20_000

/** A record belongs to the user of its API key, whom the database knows; the viewer pays for those that have to be read. */
async function groupsOfUsers(
  selection: AffinitySelection,
  first: number,
  { context, question }: Asked,
): Promise<Groups> {
  const users = `counts by user of ${question}`
  const { total, counts } =
    (context.kept(users) as Tally<string> | undefined) ??
    (await context.shared<Tally<string>>({
      question: users,
      keep: (answer) => answer,
      keptFrom: context.affinitySizes.values('affinityKey') < KEPT_FROM_KEYS ? Number.POSITIVE_INFINITY : 0,
      // Paid for below, if there is anything to read.
      size: () => 0,
      run: ({ affinities }) => tallyOfUsers(selection, affinities, context),
    }))
  const groups = largestOf(counts, first)
  return { total, ...groups, ungrouped: total - groups.grouped }
}

async function tallyOfUsers(
  selection: AffinitySelection,
  affinities: Pick<AffinityReader, 'tally'>,
  { apiKeyOwners, payForRead }: Context,
): Promise<Tally<string>> {
  const { total, counts } = await affinities.tally(selection, 'affinityKey')
  const users = new Map<string, number>()
  const add = (owner: string | null, count: number) => {
    if (owner !== null) users.set(owner, (users.get(owner) ?? 0) + count)
  }
  // Nearly all owners are known: a promise for each of 100,000 would take longer than all the rest.
  const unknown: Promise<void>[] = []
  const slice = new TimeSlice()
  for (const [id, count] of counts) {
    const owner = apiKeyOwners.ownerOf(id)
    if (owner instanceof Promise) unknown.push(owner.then((read) => add(read, count)))
    else add(owner, count)
    // Keys that are asked for in one turn share a statement.
    if (unknown.length === 0 && slice.isOver()) await slice.next()
  }
  await Promise.all([payForRead(unknown.length), ...unknown])
  return { total, counts: users }
}

/** A record that is stale for two reasons is in the groups of both. */
async function groupsOfVerdicts(
  by: 'STALE_REASON' | 'USABILITY',
  selection: AffinitySelection,
  first: number,
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
  return { total, ...largestOf(groups, first), ungrouped }
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
