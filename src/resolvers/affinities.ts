import {
  type AffinityOrderField,
  type AffinityPage as PageOfRecords,
  positionOf,
} from '../affinities/affinity-reader.js'
import type { AffinityRecord } from '../affinities/affinity-record.js'
import type { AffinitySelection } from '../affinities/affinity-selection.js'
import { namePositionIn } from '../affinities/record-names.js'
import type { Context } from '../context.js'
import { InvalidInputError, NotFoundError } from '../errors.js'
import type { ApiKeyRow, UserRow } from '../gateway/rows.js'
import { primeAffinityJoins, type Selected, selectsSiblings } from '../loaders/affinity-joins.js'
import { ownTurn } from '../util/own-turn.js'
import { keyOfAffinityId } from './affinity.js'
import {
  decodeCursor,
  decodeNameCursor,
  encodeCursor,
  encodeNameCursor,
  type KeysetPage,
  type PageArguments,
  queryFingerprint,
  readFirst,
  readOffset,
} from './paging.js'
import { isNameOrder, type NameOrderField, namesFor } from './record-names.js'
import {
  type AffinityFilter,
  both,
  filterSelection,
  ofGlobalModel,
  only,
  ownedSelection,
  presentFields,
  type Resolved,
  readSearchText,
  resolveIdentifier,
  resolveSearch,
} from './selections.js'

export interface AffinitiesArguments extends PageArguments {
  readonly offset?: number | null | undefined
  readonly search?: string | null | undefined
  readonly filter?: AffinityFilter | null | undefined
  readonly orderBy?: ListOrder | null | undefined
}

/** An order of the list: by a figure, or by the names that people see. */
export interface ListOrder {
  readonly field: AffinityOrderField | NameOrderField
  readonly direction: 'ASC' | 'DESC'
}

/** A page of affinities, all of it there at once, and what its search names exactly. */
export interface AffinityPage extends KeysetPage<AffinityRecord> {
  readonly matchedUser: UserRow | null
  readonly matchedApiKey: ApiKeyRow | null
}

export interface UserAffinities {
  readonly user: UserRow
  readonly apiKey: ApiKeyRow | null
  readonly affinities: AffinityPage
}

export const DEFAULT_ORDER = { field: 'EXPIRES_AT', direction: 'DESC' } as const satisfies ListOrder

/** Returns a page of affinities. Search, filter and order apply to all affinities before the page is cut. */
export async function affinities(
  args: AffinitiesArguments,
  context: Context,
  selected: Selected,
): Promise<AffinityPage> {
  const order = args.orderBy ?? DEFAULT_ORDER
  const filter = presentFields(args.filter)
  const search = args.search == null ? null : readSearchText(args.search, 'search')
  const request = readPage(args, order, [search, filter])

  const searched = search === null ? null : await resolveSearch(search, context)
  const selection = both(searched?.selection ?? {}, await filterSelection(filter, context))
  return readAffinities({ ...request, selection, selected, matched: searched?.matched }, context)
}

/** Returns the affinity with an id; null if it has expired, was cleared, or never was. */
export async function affinityById(
  id: string,
  context: Context,
  selected: Selected,
): Promise<AffinityRecord | null> {
  const key = keyOfAffinityId(id)
  if (key === undefined || !context.affinityStore.families.of(key)) {
    throw new InvalidInputError('This is not the id of an affinity: ids come from Affinity.id.', 'id')
  }
  const page = { selection: { keys: new Set([key]) }, order: DEFAULT_ORDER, first: 1 }
  const { records } = await context.affinities.page(page)
  await primeAffinityJoins(context.loaders, records, selected, context.affinityStore.families)
  return records[0] ?? null
}

/** Returns the affinities of one user, by id, username or email, or of one API key, by id. */
export async function userAffinities(
  args: PageArguments & { readonly identifier: string },
  context: Context,
  selected: Selected,
): Promise<UserAffinities> {
  const identifier = readSearchText(args.identifier, 'identifier')
  const request = readPage(args, DEFAULT_ORDER, ['identifier', identifier])
  const resolved = await resolveIdentifier(context.gateway, identifier)
  if (!resolved?.user) {
    throw new NotFoundError('No user has this id, username or email, and no API key has this id.')
  }
  const { user, apiKey } = resolved
  const selection = await ownedSelection({ user, apiKey }, context)
  return { user, apiKey, affinities: await readAffinities({ ...request, selection, selected }, context) }
}

/** Returns the affinities of a user's API keys, latest expiry first. */
export async function affinitiesOfUser(
  user: UserRow,
  args: PageArguments,
  context: Context,
  selected: Selected,
): Promise<AffinityPage> {
  const request = readPage(args, DEFAULT_ORDER, ['user', user.id])
  const selection = await ownedSelection({ user, apiKey: null }, context)
  return readAffinities({ ...request, selection, selected }, context)
}

/** Returns the affinities of an API key, latest expiry first. */
export async function affinitiesOfApiKey(
  apiKey: ApiKeyRow,
  args: PageArguments,
  context: Context,
  selected: Selected,
): Promise<AffinityPage> {
  const request = readPage(args, DEFAULT_ORDER, ['apiKey', apiKey.id])
  const page = await readAffinities(
    { ...request, selection: only('affinityKey', apiKey.id), selected },
    context,
  )
  // A user may have any number of API keys, so that the document's price does not cover their pages.
  await context.pay((await page.items()).length)
  return page
}

/** Counts the live affinities that are pinned to a provider or provider key. */
export const affinityCountOf = (
  dimension: 'providerId' | 'providerKeyId',
  id: string,
  context: Context,
): Promise<number> => context.affinities.count(only(dimension, id))

/** Counts the live affinities that are for a global model, under its id or a name of it. */
export const affinityCountOfModel = async (id: string, context: Context): Promise<number> =>
  context.affinities.count({ any: await ofGlobalModel(id, context) })

interface PageRequest {
  readonly first: number
  /** Whether the page follows another one. */
  readonly isLater: boolean
  readonly offset: number
  /** Reads the page in its order, and says how the cursor of a record is made. */
  read(selection: AffinitySelection, context: Context): Promise<OrderedPage>
}

interface OrderedPage extends PageOfRecords {
  cursorOf(record: AffinityRecord): string
}

/** Checks the arguments of a page, before any store is read. */
function readPage(
  args: PageArguments & { readonly offset?: number | null | undefined },
  order: ListOrder,
  query: unknown,
): PageRequest {
  const first = readFirst(args.first)
  const offset = readOffset(args.offset, args.after)
  const fingerprint = queryFingerprint([order.field, order.direction, query])
  const size = { first, offset }
  const read = isNameOrder(order.field)
    ? pageByName(order.field, order.direction, fingerprint, args.after, size)
    : pageByFigure(order.field, order.direction, fingerprint, args.after, size)
  return { ...size, isLater: args.after != null, read }
}

type Size = Pick<PageRequest, 'first' | 'offset'>

/** Records of a page from which on it shares rows with other pages: a shorter one is read by a person, who sees each change at once. */
const LONG_PAGE = 500
type Cursor = string | null | undefined

function pageByFigure(
  field: AffinityOrderField,
  direction: ListOrder['direction'],
  fingerprint: string,
  cursor: Cursor,
  size: Size,
): PageRequest['read'] {
  const after = cursor == null ? undefined : decodeCursor(fingerprint, cursor)
  return async (selection, { affinities }) => ({
    ...(await affinities.page({ selection, order: { field, direction }, ...size, ...(after && { after }) })),
    cursorOf: (record) => encodeCursor(fingerprint, positionOf(record, field)),
  })
}

function pageByName(
  field: NameOrderField,
  direction: ListOrder['direction'],
  fingerprint: string,
  cursor: Cursor,
  size: Size,
): PageRequest['read'] {
  const after = cursor == null ? undefined : decodeNameCursor(fingerprint, cursor)
  return async (selection, context) => {
    const names = await namesFor(field, context)
    const placeOf = namePositionIn(names)
    return {
      ...(await context.affinities.pageByName({
        selection,
        names,
        direction,
        ...size,
        ...(after && { after }),
      })),
      cursorOf: (record) => encodeNameCursor(fingerprint, placeOf(record)),
    }
  }
}

interface SelectedPage extends PageRequest {
  readonly selection: AffinitySelection
  readonly selected: Selected
  readonly matched?: Resolved | undefined
}

async function readAffinities(request: SelectedPage, context: Context): Promise<AffinityPage> {
  const { read, isLater, selection, selected, matched } = request
  const { records, totalCount, hasNextPage, hasPreviousPage, cursorOf } = await read(selection, context)
  // What a viewer may have to pay for is read for this viewer.
  if (isLater && records.length >= LONG_PAGE && !selectsSiblings(selected)) context.joinWalk()
  await primeAffinityJoins(context.loaders, records, selected, context.affinityStore.families)
  await ownTurn()
  return {
    items: () => records,
    totalCount: () => totalCount,
    hasNextPage: () => hasNextPage,
    hasPreviousPage: () => hasPreviousPage,
    cursorOf,
    matchedUser: matched?.user ?? null,
    matchedApiKey: matched?.apiKey ?? null,
  }
}
