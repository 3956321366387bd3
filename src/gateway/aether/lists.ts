import type { PrismaClient } from '../../generated/prisma/client.js'
import { mapDatabaseErrors } from '../../postgres/database-errors.js'
import { containing } from '../../util/text.js'
import type { GatewayRows } from '../gateway.js'
import type { GatewayLists, Listed, ListedRows, ListPlace, ListRequest, ListSelection } from '../lists.js'
import { type RunQuery, snakeCase } from '../table-reader.js'
import { missingColumns } from './fields.js'
import type { Look } from './look.js'
import { literal, patternOf } from './name-search.js'

/** What Prisma is asked. The fields are chosen as the program runs, by the columns that are there. */
interface Find {
  readonly where: { readonly AND: readonly Condition[] }
  readonly orderBy?: readonly Readonly<Record<string, 'asc'>>[]
  readonly take?: number
  readonly select?: Readonly<Record<string, true>>
}
type Condition = Readonly<Record<string, unknown>>

/** What is used of Prisma's client for one table. */
interface Delegate {
  findMany(find: object): Promise<object[]>
  count(find: object): Promise<number>
}

interface List {
  readonly table: string
  readonly name: string
  /** Fields of the row whose columns are the same in every generation. */
  readonly shared: readonly string[]
  /** Fields that a search reads beside id and name. */
  readonly searched: readonly string[]
  readonly of: (prisma: PrismaClient) => Delegate
}

const LISTS: Readonly<Record<Listed, List>> = {
  users: {
    table: 'users',
    name: 'username',
    shared: ['email', 'role', 'isActive', 'isDeleted'],
    searched: ['email'],
    of: ({ user }) => user,
  },
  providers: {
    table: 'providers',
    name: 'name',
    shared: ['isActive'],
    searched: [],
    of: ({ provider }) => provider,
  },
  providerKeys: {
    table: 'provider_api_keys',
    name: 'name',
    shared: ['cacheTtlMinutes', 'isActive'],
    searched: [],
    of: ({ providerKey }) => providerKey,
  },
  globalModels: {
    table: 'global_models',
    name: 'name',
    shared: ['displayName', 'isActive'],
    searched: ['displayName'],
    of: ({ globalModel }) => globalModel,
  },
}

/** What a look at the tables tells of the lists. */
export interface ListColumns {
  has(table: string, field: string): boolean
  /** Ids of the provider keys that belong to a provider, directly or through its endpoint. */
  providerKeysOf(providerId: string): Promise<readonly string[]>
  /** Ids of the providers that people see under a name which contains the text. */
  providersSeenAs(text: string): Promise<readonly string[]>
}

/** The statements of lists whose columns differ by generation, so that Prisma's models lack them. */
export function createListColumns(query: RunQuery, { tables }: Look): ListColumns {
  const has = (table: string, field: string) =>
    missingColumns(tables, [`${table}.${snakeCase(field)}`]).length === 0
  const owners = [
    has('provider_api_keys', 'providerId') ? ['provider_id = $1'] : [],
    has('provider_api_keys', 'endpointId') && has('provider_endpoints', 'providerId')
      ? ['endpoint_id IN (SELECT id FROM provider_endpoints WHERE provider_id = $1)']
      : [],
  ].flat()
  return {
    has,
    async providerKeysOf(providerId) {
      if (owners.length === 0) return []
      const sql = `SELECT id FROM provider_api_keys WHERE ${owners.join(' OR ')}`
      return mapDatabaseErrors(async () => (await query(sql, [providerId])).map(([id]) => String(id)))
    },
    async providersSeenAs(text) {
      if (!has('providers', 'displayName')) return []
      const sql = 'SELECT id, display_name FROM providers WHERE lower(display_name COLLATE "C") LIKE $1'
      const matches = containing(text)
      const rows = await mapDatabaseErrors(() => query(sql, [patternOf(text)]))
      return rows.flatMap(([id, name]) => (matches(String(name)) ? [String(id)] : []))
    },
  }
}

type Whole = Pick<GatewayRows, Listed>

/**
 * Lists by Prisma's client, which reads the requested columns alone as long as every generation has them. The other fields
 * of a row are read as those of a join are.
 * @param run runs work on what the latest look at the tables found
 */
export function createLists(
  prisma: PrismaClient,
  whole: Whole,
  run: <Result>(work: (columns: ListColumns) => Promise<Result>) => Promise<Result>,
): GatewayLists {
  async function listed<Kind extends Listed>(
    kind: Kind,
    { selection, first, after, fields }: ListRequest,
    columns: ListColumns,
  ): Promise<readonly ListedRows[Kind][]> {
    const list = LISTS[kind]
    const has = (field: string) => columns.has(list.table, field)
    if (!has('id')) return []
    const named = has(list.name)
    const others = [...fields].filter((field) => field !== 'id' && field !== list.name)
    const isShared = named && others.every((field) => list.shared.includes(field) && has(field))
    const select = ['id', ...(named ? [list.name] : []), ...(isShared ? others : [])]
    const where = { AND: await conditions(list, selection, columns) }
    if (after) where.AND.push(beyond(list, after, 'gt', named))
    const find: Find = {
      where,
      orderBy: [...(named ? [list.name] : []), 'id'].map((field) => ({ [field]: 'asc' })),
      take: first,
      select: Object.fromEntries(select.map((field) => [field, true])),
    }
    const rows = await mapDatabaseErrors(() => list.of(prisma).findMany(find))
    if (isShared) return rows.map(seen) as readonly object[] as readonly ListedRows[Kind][]
    const ids = rows.map((row) => String(Reflect.get(row, 'id')))
    const found = new Map((await readWhole(kind, ids)).map((row) => [row.id, row]))
    return ids.flatMap((id) => found.get(id) ?? [])
  }

  const readWhole = async <Kind extends Listed>(kind: Kind, ids: readonly string[]) =>
    ids.length === 0 ? [] : ((await whole[kind](ids)) as ListedRows[Kind][])

  const countWhere = (list: List, AND: readonly Condition[]) =>
    mapDatabaseErrors(() => list.of(prisma).count({ where: { AND } } satisfies Find))

  return {
    list: (kind, request) => run((columns) => listed(kind, request, columns)),
    countListed: (kind, selection) =>
      run(async (columns) => {
        const list = LISTS[kind]
        if (!columns.has(list.table, 'id')) return 0
        return countWhere(list, await conditions(list, selection, columns))
      }),
    isListedUpTo: (kind, selection, place) =>
      run(async (columns) => {
        const list = LISTS[kind]
        if (!columns.has(list.table, 'id')) return false
        const AND = await conditions(list, selection, columns)
        AND.push(beyond(list, place, 'lt', columns.has(list.table, list.name)))
        const find: Find = { where: { AND }, take: 1, select: { id: true } }
        return (await mapDatabaseErrors(() => list.of(prisma).findMany(find))).length > 0
      }),
  }
}

/** People see a model without a display name by its name. */
const seen = (row: object): object =>
  'displayName' in row && row.displayName === null ? { ...row, displayName: Reflect.get(row, 'name') } : row

async function conditions(
  list: List,
  { search, isActive, providerId }: ListSelection,
  columns: ListColumns,
): Promise<Condition[]> {
  const found: Condition[] = []
  const has = (field: string) => columns.has(list.table, field)
  // A row without the column is on, as everywhere.
  if (isActive !== undefined && has('isActive')) found.push({ isActive })
  else if (isActive === false) found.push(NEVER)
  if (providerId !== undefined) found.push({ id: { in: [...(await columns.providerKeysOf(providerId))] } })
  if (search !== undefined) {
    // Prisma escapes nothing in what becomes a LIKE pattern.
    const text = { contains: literal(search), mode: 'insensitive' }
    const fields = ['id', list.name, ...list.searched].filter(has)
    const seenAs = list === LISTS.providers ? await columns.providersSeenAs(search) : []
    const bySight = seenAs.length > 0 ? [{ id: { in: [...seenAs] } }] : []
    found.push({ OR: [...fields.map((field) => ({ [field]: text })), ...bySight] })
  }
  return found
}

const NEVER: Condition = { id: { in: [] } }

/** The condition for rows after a place (`gt`), or up to it (`lt`). Its first part lets PostgreSQL use an index on the name. */
function beyond({ name }: List, place: ListPlace, side: 'gt' | 'lt', named: boolean): Condition {
  const ids = side === 'gt' ? { gt: place.id } : { lte: place.id }
  if (!named) return { id: ids }
  return {
    [name]: { [side === 'gt' ? 'gte' : 'lte']: place.name },
    OR: [{ [name]: { [side]: place.name } }, { id: ids }],
  }
}
