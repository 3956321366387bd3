import type { AffinityOrder, AffinityPosition } from '../affinities/affinity-reader.js'
import { positionOf } from '../affinities/affinity-reader.js'
import type { AffinityRecord } from '../affinities/affinity-record.js'
import type { AffinitySelection, DimensionSets } from '../affinities/affinity-selection.js'
import type { Context } from '../context.js'
import { NotFoundError } from '../errors.js'
import type { ApiKeyRow, UserRow } from '../gateway/rows.js'
import { primeAffinityJoins, type Selected } from '../loaders/affinity-joins.js'
import { decodeCursor, encodeCursor, queryFingerprint } from './cursors.js'
import { readSearchText, resolveIdentifier } from './identifier.js'
import { readFirst, readOffset } from './page-arguments.js'
import { staleIds } from './stale-ids.js'

export interface AffinityFilter {
  readonly affinityKey?: string | null | undefined
  readonly userId?: string | null | undefined
  readonly providerId?: string | null | undefined
  readonly endpointId?: string | null | undefined
  readonly providerKeyId?: string | null | undefined
  readonly modelId?: string | null | undefined
  readonly apiFormat?: string | null | undefined
  readonly stale?: boolean | null | undefined
}

export interface PageArguments {
  readonly first?: number | null | undefined
  readonly after?: string | null | undefined
}

export interface AffinitiesArguments extends PageArguments {
  readonly offset?: number | null | undefined
  readonly search?: string | null | undefined
  readonly filter?: AffinityFilter | null | undefined
  readonly orderBy?: AffinityOrder | null | undefined
}

export interface AffinityConnection {
  readonly records: readonly AffinityRecord[]
  readonly totalCount: number
  readonly hasNextPage: boolean
  readonly hasPreviousPage: boolean
  readonly cursorOf: (record: AffinityRecord) => string
  readonly matchedUser: UserRow | null
  readonly matchedApiKey: ApiKeyRow | null
}

export interface UserAffinities {
  readonly user: UserRow
  readonly apiKey: ApiKeyRow | null
  readonly affinities: AffinityConnection
}

export const DEFAULT_ORDER: AffinityOrder = { field: 'EXPIRES_AT', direction: 'DESC' }

/** Returns a page of affinities. Search, filter and order apply to all affinities before the page is cut. */
export async function affinities(
  args: AffinitiesArguments,
  context: Context,
  selected: Selected,
): Promise<AffinityConnection> {
  const order = args.orderBy ?? DEFAULT_ORDER
  const filter = presentFields(args.filter)
  const search = args.search == null ? null : readSearchText(args.search, 'search')
  const page = readPage(args, order, [search, filter])

  const searched = search === null ? null : await resolveSearch(search, context)
  const selection = both(searched?.selection ?? {}, await filterSelection(filter, context))
  return connection({ ...page, selection, selected, matched: searched?.matched }, context)
}

/** Returns the affinities of one user, by id, username or email, or of one API key, by id. */
export async function userAffinities(
  args: PageArguments & { readonly identifier: string },
  context: Context,
  selected: Selected,
): Promise<UserAffinities> {
  const identifier = readSearchText(args.identifier, 'identifier')
  const page = readPage(args, DEFAULT_ORDER, ['identifier', identifier])
  const resolved = await resolveIdentifier(context.gateway, identifier)
  if (!resolved?.user) {
    throw new NotFoundError('No user has this id, username or email, and no API key has this id.')
  }
  const { user, apiKey } = resolved
  const selection = await ownedSelection({ user, apiKey }, context)
  return { user, apiKey, affinities: await connection({ ...page, selection, selected }, context) }
}

/** Returns the affinities of a user's API keys, latest expiry first. */
export async function affinitiesOfUser(
  user: UserRow,
  args: PageArguments,
  context: Context,
  selected: Selected,
): Promise<AffinityConnection> {
  const page = readPage(args, DEFAULT_ORDER, ['user', user.id])
  const selection = await ownedSelection({ user, apiKey: null }, context)
  return connection({ ...page, selection, selected }, context)
}

/** Returns the affinities of an API key, latest expiry first. */
export async function affinitiesOfApiKey(
  apiKey: ApiKeyRow,
  args: PageArguments,
  context: Context,
  selected: Selected,
): Promise<AffinityConnection> {
  const page = readPage(args, DEFAULT_ORDER, ['apiKey', apiKey.id])
  return connection({ ...page, selection: only('affinityKey', apiKey.id), selected }, context)
}

/** Counts the live affinities that are pinned to a provider. */
export const affinityCountOfProvider = (providerId: string, context: Context): Promise<number> =>
  context.affinities.count(only('providerId', providerId))

/** Converts a filter to a selection. An empty filter selects every affinity; a field that is null is ignored. */
export async function filterSelection(filter: AffinityFilter, context: Context): Promise<AffinitySelection> {
  const { userId, stale, ...exact } = filter
  let all: DimensionSets = Object.fromEntries(
    Object.entries(exact).map(([dimension, value]) => [dimension, new Set(value == null ? [] : [value])]),
  )
  if (userId != null) {
    const keys = await context.loaders.apiKeys.byUser.load(userId)
    const ids = new Set((keys ?? []).map(({ id }) => id))
    all = { ...all, affinityKey: intersection(all.affinityKey, ids) }
  }
  if (stale == null) return { all }
  const ids = await staleIds(context.affinities, context.loaders, context.now())
  return stale ? { all, any: [ids] } : { all, none: ids }
}

/** Removes the fields that are null, and sorts the others, so that equal filters have equal fingerprints. */
export const presentFields = (filter: AffinityFilter | null | undefined): AffinityFilter =>
  Object.fromEntries(
    Object.entries(filter ?? {})
      .filter(([, value]) => value != null)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )

interface Page {
  readonly order: AffinityOrder
  readonly first: number
  readonly offset: number
  readonly after: AffinityPosition | undefined
  readonly fingerprint: string
}

/** Checks the arguments of a page, before any store is read. */
function readPage(
  args: PageArguments & { readonly offset?: number | null | undefined },
  order: AffinityOrder,
  query: unknown,
): Page {
  const first = readFirst(args.first)
  const offset = readOffset(args.offset, args.after)
  const fingerprint = queryFingerprint([order.field, order.direction, query])
  const after = args.after == null ? undefined : decodeCursor(fingerprint, args.after)
  return { order, first, offset, after, fingerprint }
}

interface ConnectionRequest extends Page {
  readonly selection: AffinitySelection
  readonly selected: Selected
  readonly matched?: Matched | undefined
}

interface Matched {
  readonly user: UserRow | null
  readonly apiKey: ApiKeyRow | null
}

async function connection(request: ConnectionRequest, context: Context): Promise<AffinityConnection> {
  const { order, first, offset, after, fingerprint, selection, selected, matched } = request
  const page = await context.affinities.page({ selection, order, first, offset, ...(after && { after }) })
  await primeAffinityJoins(context.loaders, page.records, selected)
  return {
    ...page,
    cursorOf: (record) => encodeCursor(fingerprint, positionOf(record, order.field)),
    matchedUser: matched?.user ?? null,
    matchedApiKey: matched?.apiKey ?? null,
  }
}

const SEARCHED = ['affinityKey', 'providerId', 'providerKeyId', 'modelId'] as const

/** Selects the affinities of the user or API key that the text names exactly; otherwise those whose ids or names contain it. */
async function resolveSearch(
  text: string,
  context: Context,
): Promise<{ selection: AffinitySelection; matched?: Matched }> {
  const resolved = await resolveIdentifier(context.gateway, text)
  if (resolved) return { selection: await ownedSelection(resolved, context), matched: resolved }

  const rows = await context.gateway.idsNamed(text)
  const sets = await Promise.all(
    // Ids are searched in the records and not in the tables: a record's rows may have been deleted.
    SEARCHED.map(async (dimension) => {
      const live = await context.affinities.valuesContaining(dimension, text)
      return [dimension, new Set([...(rows[dimension] ?? []), ...live])] as const
    }),
  )
  return { selection: { any: [Object.fromEntries(sets)] } }
}

export async function ownedSelection(
  { user, apiKey }: { user: UserRow | null; apiKey: ApiKeyRow | null },
  context: Context,
): Promise<AffinitySelection> {
  if (apiKey) return only('affinityKey', apiKey.id)
  const keys = user ? ((await context.loaders.apiKeys.byUser.load(user.id)) ?? []) : []
  return { all: { affinityKey: new Set(keys.map(({ id }) => id)) } }
}

const only = (dimension: keyof DimensionSets, value: string): AffinitySelection => ({
  all: { [dimension]: new Set([value]) },
})

const both = (a: AffinitySelection, b: AffinitySelection): AffinitySelection => ({
  all: {
    ...a.all,
    ...b.all,
    ...(a.all?.affinityKey &&
      b.all?.affinityKey && { affinityKey: intersection(a.all.affinityKey, b.all.affinityKey) }),
  },
  any: [...(a.any ?? []), ...(b.any ?? [])],
  ...(b.none && { none: b.none }),
})

const intersection = (a: ReadonlySet<string> | undefined, b: ReadonlySet<string>): ReadonlySet<string> =>
  a ? new Set([...b].filter((id) => a.has(id))) : b
