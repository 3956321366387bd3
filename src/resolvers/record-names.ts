import type { CommonDimension } from '../affinities/affinity-record.js'
import { type RecordNames, recordNames } from '../affinities/record-names.js'
import type { Context, Readers, SharedRead } from '../context.js'
import { batchesOf } from '../util/batches.js'

/** The orders by the names that people see, and the dimension whose values have them. */
const DIMENSIONS = {
  USER: 'affinityKey',
  API_KEY: 'affinityKey',
  PROVIDER: 'providerId',
  PROVIDER_KEY: 'providerKeyId',
  MODEL: 'modelId',
  API_FORMAT: 'apiFormat',
} as const satisfies Record<string, CommonDimension>

export type NameOrderField = keyof typeof DIMENSIONS

export const isNameOrder = (field: string): field is NameOrderField => field in DIMENSIONS

/** The number of values from which on their names are kept for some seconds. To read fewer again costs little, and shows each change at once. */
const LEAST_KEPT = 1_000

/** API keys that are read by one statement: rows of very many at once would fill the memory, and block the event loop. */
const AT_ONCE = 2_500

type Names = ReadonlyMap<string, string | null | undefined>
type Named = readonly { readonly id: string }[]

/** Returns the names by which all live records are ordered: read once for all who ask, and if there are many, up to some seconds old. */
export async function namesFor(field: NameOrderField, context: Context): Promise<RecordNames> {
  const read = namesRead(field, context)
  const kept = context.kept(read.question) as RecordNames | undefined
  return kept ?? context.shared(read)
}

const namesRead = (field: NameOrderField, context: Context): SharedRead<RecordNames> => ({
  question: `names ${field}`,
  size: () => (field === 'API_FORMAT' ? 0 : context.affinitySizes.values(DIMENSIONS[field])),
  keep: (names) => names,
  keptFrom: LEAST_KEPT,
  async run(readers) {
    const values: string[] = []
    // A copy, since the index changes its sets while rows are read.
    const live = await readers.affinities.distinct(DIMENSIONS[field])
    live.forEach((value) => {
      values.push(value)
    })
    const names = await READS[field](values, readers, context)
    return recordNames(DIMENSIONS[field], names, () => context.turns.next())
  },
})

type ReadNames = (values: readonly string[], readers: Readers, context: Context) => Promise<Names>

const READS: Readonly<Record<NameOrderField, ReadNames>> = {
  USER: async (apiKeyIds, { gateway }, { apiKeyOwners }) => {
    const owners = new Map<string, string | null>()
    for (const ids of batchesOf(apiKeyIds, AT_ONCE)) {
      const found = await Promise.all(ids.map((id) => apiKeyOwners.ownerOf(id)))
      ids.forEach((id, at) => {
        owners.set(id, found[at] ?? null)
      })
    }
    const userIds = [...new Set(owners.values())].filter((id) => id !== null)
    const users = await namesById(
      userIds,
      (ids) => gateway.users(ids),
      ({ username }) => username,
    )
    return new Map([...owners].map(([id, owner]) => [id, owner === null ? null : users.get(owner)]))
  },
  API_KEY: (ids, { gateway }) =>
    namesById(
      ids,
      (some) => gateway.apiKeys(some),
      ({ name }) => name,
    ),
  PROVIDER: (ids, { gateway }) =>
    namesById(
      ids,
      (some) => gateway.providers(some),
      ({ displayName }) => displayName,
    ),
  PROVIDER_KEY: (ids, { gateway }) =>
    namesById(
      ids,
      (some) => gateway.providerKeys(some),
      ({ name }) => name,
    ),
  MODEL: modelNames,
  API_FORMAT: async (formats) => new Map(formats.map((format) => [format, format])),
}

/** Reads the names of rows; undefined for a value that has no row. */
async function namesById<Row extends Named[number]>(
  values: readonly string[],
  read: (ids: readonly string[]) => Promise<readonly Row[]>,
  nameOf: (row: Row) => string | null,
): Promise<Names> {
  const names = new Map<string, string | null | undefined>(values.map((value) => [value, undefined]))
  // PostgreSQL's text holds no NUL: such an id has no row, and would fail the statement for all the others.
  const askable = values.filter((value) => !value.includes('\0'))
  for (const ids of batchesOf(askable, AT_ONCE))
    for (const row of await read(ids)) names.set(row.id, nameOf(row))
  return names
}

/** A model is shown by the name of its row, which is found by its id or, where some family's keys hold names, by a name of it; without a row by what the key holds. */
async function modelNames(
  values: readonly string[],
  { affinities, gateway }: Readers,
  { affinityStore: { families } }: Context,
): Promise<Names> {
  const names = new Map(
    await namesById(
      values,
      (ids) => gateway.globalModels(ids),
      ({ name }) => name,
    ),
  )
  const live = await affinities.distinct('family')
  const unknown = values.filter((value) => names.get(value) === undefined)
  const asked = unknown.filter((value) => !value.includes('\0'))
  if (asked.length > 0 && families.namesOf('name').some((name) => live.has(name)))
    for (const { name, model } of await gateway.globalModelsNamed(asked)) names.set(name, model.name)
  for (const value of unknown) names.set(value, names.get(value) ?? value)
  return names
}
