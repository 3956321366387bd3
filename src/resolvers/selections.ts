/*
 * A filter, a search and an identifier each name affinities: here they become selections.
 */

import type { AffinitySelection, DimensionSets } from '../affinities/affinity-selection.js'
import { type ClientSession, sessionHashes } from '../affinities/client-session.js'
import type { Context, Readers, SharedRead } from '../context.js'
import { InvalidInputError } from '../errors.js'
import type { GatewayStore } from '../gateway/gateway.js'
import type { ApiKeyRow, UserRow } from '../gateway/rows.js'
import { TimeSlice } from '../util/time-slice.js'
import { type FigureFilter, lastUseCondition, rangesOf } from './figures.js'
import { keysOfIds, type ListFilter, listedValues, ownersOf } from './filter-lists.js'
import { judgeOfAll, type VerdictFilter, verdictCheck, verdictCondition } from './usability.js'

export interface AffinityFilter extends VerdictFilter, FigureFilter, ListFilter {
  readonly affinityKey?: string | null | undefined
  readonly userId?: string | null | undefined
  readonly providerId?: string | null | undefined
  readonly endpointId?: string | null | undefined
  readonly providerKeyId?: string | null | undefined
  readonly modelId?: string | null | undefined
  readonly apiFormat?: string | null | undefined
  readonly family?: string | null | undefined
  readonly clientFamily?: string | null | undefined
  readonly sessionHash?: string | null | undefined
  readonly clientSession?: ClientSession | null | undefined
  readonly globalModelId?: string | null | undefined
}

/** The fields whose value a dimension of the same name must have. */
const EXACT = [
  'affinityKey',
  'providerId',
  'endpointId',
  'providerKeyId',
  'modelId',
  'apiFormat',
  'clientFamily',
  'sessionHash',
] as const satisfies readonly (keyof AffinityFilter)[]

/** The longest part of a client's session, in characters. */
const MAX_SESSION_LENGTH = 4_096

/**
 * Converts a filter to a selection. An empty filter selects every affinity; a field that is null is ignored.
 * @param isFresh whether verdicts must be those of now, for a clear
 */
export async function filterSelection(
  filter: AffinityFilter,
  context: Context,
  isFresh = false,
): Promise<AffinitySelection> {
  const { stale, usability, staleReasons, family, clientSession, globalModelId, unusedForSeconds } = filter
  const verdict = { stale, usability, staleReasons }
  const dependsOnVerdicts = verdictCheck(verdict) !== undefined
  const keys = keysOfIds(filter)
  const owners = ownersOf(filter)
  const values = [
    ...EXACT.flatMap((field) => {
      const value = filter[field]
      return value == null ? [] : [[field, new Set([value])] as const]
    }),
    ...(family == null ? [] : [['family', new Set([family.toLowerCase()])] as const]),
    ...listedValues(filter),
    ...(owners ? [['affinityKey', await apiKeyIdsOf(owners, context)] as const] : []),
  ]
  let all: DimensionSets = {}
  for (const [dimension, wanted] of values) {
    all = { ...all, [dimension]: intersection(all[dimension], wanted) }
  }
  if (clientSession != null) {
    const hashes = new Set(sessionHashes(readSession(clientSession), await context.gateway.routingScopes()))
    all = { ...all, sessionHash: intersection(all['sessionHash'], hashes) }
  }
  const any = globalModelId == null ? [] : await ofGlobalModel(globalModelId, context)
  const ranges = rangesOf(filter)
  const lastUse = unusedForSeconds == null ? undefined : await lastUseCondition(unusedForSeconds, context)
  const selection = { ...(keys && { keys }), all, any, ranges, ...(lastUse && { lastUse }) }
  if (!dependsOnVerdicts) return selection
  const judge = await judgeOfAll(context, isFresh)
  // To ask about very many records takes some milliseconds, for each field that uses the filter.
  await context.turns.next()
  return { ...selection, where: verdictCondition(verdict, judge, context.affinityStore.families) }
}

/** @throws InvalidInputError which does not quote the session */
function readSession(session: ClientSession): ClientSession {
  for (const [name, text] of Object.entries(session)) {
    const field = `filter.clientSession.${name}`
    if (text === '') throw new InvalidInputError(`${field} must not be blank.`, field)
    if (text != null && text.length > MAX_SESSION_LENGTH) {
      throw new InvalidInputError(`${field} must be at most ${MAX_SESSION_LENGTH} characters long.`, field)
    }
  }
  return session
}

/**
 * Selects the affinities of a global model: by its id where a family's keys hold ids, by its names where they hold names. A
 * name that is another global model's own belongs to that one.
 */
export async function ofGlobalModel(
  id: string,
  { loaders, affinityStore: { families } }: Context,
): Promise<readonly DimensionSets[]> {
  const names = (await loaders.namesOfGlobalModels.load(id)) ?? new Set<string>()
  const byId = { family: new Set(families.namesOf('id')) }
  const byName = { family: new Set(families.namesOf('name')) }
  // (by id and this id) or (by name and one of these names), as conditions that must all hold.
  return [
    { modelId: new Set([id, ...names]) },
    { ...byName, modelId: new Set([id]) },
    { ...byId, modelId: names },
  ]
}

/** Replaces a client's session by its hashes outside routing groups: the session itself stands in no audit event. */
export function withoutSession({ clientSession, ...filter }: AffinityFilter): object {
  return clientSession == null ? filter : { ...filter, sessionHashes: sessionHashes(clientSession, []) }
}

/** Removes the fields that are null, and sorts the others, so that equal filters have equal fingerprints. */
export const presentFields = (filter: AffinityFilter | null | undefined): AffinityFilter =>
  Object.fromEntries(
    Object.entries(filter ?? {})
      .filter(([, value]) => value != null)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )

/** Longest search or identifier, in characters: an email address has at most 255. */
const MAX_LENGTH = 255

export interface Resolved {
  readonly user: UserRow | null
  /** Set if the text was the id of an API key. */
  readonly apiKey: ApiKeyRow | null
}

/**
 * Trims a search or identifier.
 * @throws InvalidInputError if the text is blank, longer than 255 characters, or contains a NUL character
 */
export function readSearchText(text: string, field: string): string {
  const trimmed = text.trim()
  if (trimmed === '') throw new InvalidInputError(`${field} must not be blank.`, field)
  if ([...trimmed].length > MAX_LENGTH) {
    throw new InvalidInputError(`${field} must be at most ${MAX_LENGTH} characters long.`, field)
  }
  if (trimmed.includes('\0')) throw new InvalidInputError(`${field} must not contain a NUL character.`, field)
  return trimmed
}

/** Finds the user or API key that the text names exactly. It tries API key id, user id, username and email, in this order. */
export async function resolveIdentifier(gateway: GatewayStore, text: string): Promise<Resolved | null> {
  const [[owned], users] = await Promise.all([gateway.apiKeysWithOwners([text]), gateway.usersNamed(text)])
  if (owned) return { apiKey: owned.apiKey, user: owned.owner }
  const user =
    users.find(({ id }) => id === text) ??
    users.find(({ username }) => username === text) ??
    users.find(({ email }) => email === text)
  return user ? { apiKey: null, user } : null
}

const SEARCHED = ['affinityKey', 'providerId', 'providerKeyId', 'modelId'] as const

/** Selects the affinities of the user or API key that the text names exactly; otherwise those whose ids or names contain it. */
export async function resolveSearch(
  text: string,
  context: Context,
): Promise<{ selection: AffinitySelection; matched?: Resolved }> {
  const resolved = await resolveIdentifier(context.gateway, text)
  if (resolved) return { selection: await ownedSelection(resolved, context), matched: resolved }

  const { found, readers } = await context.shared(searchRead(text, context))
  context.adopt(readers)
  await context.turns.next()
  return { selection: { any: [found] } }
}

/** The read of all names and ids that contain a text. */
const searchRead = (
  text: string,
  { affinitySizes, gateway }: Context,
): SharedRead<{ readonly found: DimensionSets; readonly readers: Readers }> => ({
  question: `search ${text}`,
  size: async () =>
    SEARCHED.reduce((sum, dimension) => sum + affinitySizes.values(dimension), 0) +
    (await gateway.scannedRows()).search,
  async run(readers) {
    // An API key without an affinity decides nothing, and a name may have very many.
    const live = await readers.affinities.distinct('affinityKey')
    const rows = await readers.gateway.idsNamed(text, (id) => live.has(id))
    const sets = await Promise.all(
      // Ids are searched in the records and not in the tables: a record's rows may have been deleted.
      SEARCHED.map(async (dimension) => {
        const live = await readers.affinities.valuesContaining(dimension, text)
        return [dimension, await union(rows[dimension], live)] as const
      }),
    )
    return { found: Object.fromEntries(sets), readers }
  },
})

/** Puts values together in time slices: there may be 100,000 of each. */
async function union(
  some: Iterable<string> | undefined,
  others: Iterable<string>,
): Promise<ReadonlySet<string>> {
  const slice = new TimeSlice()
  const all = new Set<string>()
  for (const values of [some ?? [], others]) {
    for (const value of values) {
      all.add(value)
      if (slice.isOver()) await slice.next()
    }
  }
  return all
}

export async function ownedSelection(
  { user, apiKey }: Resolved,
  context: Context,
): Promise<AffinitySelection> {
  if (apiKey) return only('affinityKey', apiKey.id)
  return { all: { affinityKey: user ? await apiKeyIdsOf(new Set([user.id]), context) : new Set() } }
}

/** Reads the ids of the users' API keys, of which there may be any number. */
async function apiKeyIdsOf(userIds: ReadonlySet<string>, context: Context): Promise<ReadonlySet<string>> {
  const { byUser } = context.loaders.apiKeys
  const keys = await Promise.all([...userIds].map((id) => byUser.load(id)))
  const ids = keys.flatMap((ofUser) => ofUser ?? []).map(({ id }) => id)
  await context.pay(ids.length)
  return new Set(ids)
}

/** The affinities that name this value. */
export const only = (dimension: keyof DimensionSets, value: string): AffinitySelection => ({
  all: { [dimension]: new Set([value]) },
})

/** The affinities that are in both selections; the second may depend on figures and verdicts. */
export const both = (a: AffinitySelection, b: AffinitySelection): AffinitySelection => ({
  all: {
    ...a.all,
    ...b.all,
    ...(a.all?.affinityKey &&
      b.all?.affinityKey && { affinityKey: intersection(a.all.affinityKey, b.all.affinityKey) }),
  },
  any: [...(a.any ?? []), ...(b.any ?? [])],
  ...(b.keys && { keys: b.keys }),
  ...(b.ranges && { ranges: b.ranges }),
  ...(b.lastUse && { lastUse: b.lastUse }),
  ...(b.where && { where: b.where }),
})

const intersection = (a: ReadonlySet<string> | undefined, b: ReadonlySet<string>): ReadonlySet<string> =>
  a ? new Set([...b].filter((id) => a.has(id))) : b
