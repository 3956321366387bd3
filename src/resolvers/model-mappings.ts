import type { Context } from '../context.js'
import { UnavailableError } from '../errors.js'
import type { GlobalModelRow, ProviderRow, ServingModelRow } from '../gateway/rows.js'
import type { Selected } from '../loaders/affinity-joins.js'
import { countFamilies, type FamilyCounts, type ModelMappings } from '../model-mappings/cached-models.js'
import type {
  ProviderGlobalModel,
  ResolvedName,
  UnmappedName,
} from '../model-mappings/model-mapping-records.js'
import { type MaybePromise, whenKnown } from '../util/promises.js'
import { containing } from '../util/text.js'
import {
  compareTexts,
  type KeysetOrder,
  type KeysetPage,
  keysetPage,
  type PageArguments,
  readKeysetRequest,
} from './paging.js'
import { readSearchText } from './selections.js'

type Searchable = PageArguments & { readonly search?: string | null | undefined }

export interface ProviderModelMappingsArguments extends Searchable {
  readonly providerId?: string | null | undefined
  readonly globalModelId?: string | null | undefined
}

export interface ModelMappingStats {
  readonly available: boolean
  /** Reason why there are no figures; null if there are. */
  readonly message: string | null
  readonly ttlSeconds: number | null
  readonly totalKeys: number
  readonly breakdown: FamilyCounts
}

/** A provider's cached name for a global model, with the rows of both. */
export interface ProviderModelMapping extends ProviderGlobalModel {
  /** How often the gateway has used the mapping, 0..2^31-1. It is read with the page, if it is selected. */
  readonly hitCount: number
  readonly provider: ProviderRow
  readonly globalModel: GlobalModelRow
}

/** A gateway without model caches has no entries, whatever one of an earlier generation has left in Redis. */
const read = async (
  context: Context,
): Promise<Pick<ModelMappings, 'resolved' | 'unmapped' | 'providerModels'>> =>
  context.gatewayTraits().hasModelMappingCaches
    ? context.mappings()
    : { resolved: [], unmapped: [], providerModels: [] }

const unavailable = (message: string): ModelMappingStats => ({
  available: false,
  message,
  ttlSeconds: null,
  totalKeys: 0,
  breakdown: countFamilies([]),
})

/** Counts the keys of each family. Without such caches, or if the cache is down, it returns `available: false` and why. */
export async function modelMappingStats(context: Context): Promise<ModelMappingStats> {
  if (!context.gatewayTraits().hasModelMappingCaches) {
    return unavailable('This gateway keeps no caches of models in Redis, so there is nothing to count.')
  }
  try {
    const { counts: breakdown } = await context.mappings()
    const totalKeys = Object.values(breakdown).reduce((sum, count) => sum + count, 0)
    const ttlSeconds = context.gatewayFigures.modelCacheTtlSeconds
    return { available: true, message: null, ttlSeconds, totalKeys, breakdown }
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error
    return unavailable('The cache cannot be reached, so nothing could be counted.')
  }
}

const BY_NAME: KeysetOrder<{ readonly name: string }> = { length: 1, keyOf: ({ name }) => [name] }

/** Lists the cached names that lead to a model of another name, sorted by name. */
export async function modelMappings(
  args: Searchable,
  context: Context,
  selected: Selected,
): Promise<KeysetPage<ResolvedName>> {
  const search = readSearch(args)
  const request = readKeysetRequest(args, ['modelMappings', search], BY_NAME)
  const isFound = finding(search)
  const { resolved } = await read(context)
  const found = resolved.filter(
    ({ name, globalModel }) =>
      name !== globalModel.name && isFound([name, globalModel.name, globalModel.displayName, globalModel.id]),
  )
  const page = keysetPage(found, BY_NAME, request)
  await primeMappingJoins(await page.items(), context, selected)
  return page
}

/**
 * Primes the loaders with the rows of a page, with one statement for each table. Never rejects: a field that needs a failed
 * row gets the error.
 */
async function primeMappingJoins(
  mappings: readonly ResolvedName[],
  { loaders }: Context,
  selected: Selected,
): Promise<void> {
  const ids = mappings.map(({ globalModel }) => globalModel.id)
  await Promise.all([
    'providers' in selected && loaders.models.prime(ids),
    'globalModel' in selected && loaders.globalModels.prime(ids),
  ])
}

/** Returns the active providers that are configured with this name for this model, without duplicates, by display name. */
export function providersOfMapping(
  { name, globalModel }: ResolvedName,
  { loaders }: Context,
): MaybePromise<readonly ProviderRow[]> {
  return whenKnown(loaders.models.load(globalModel.id), (models) => providersNamed(name, models ?? []))
}

function providersNamed(name: string, models: readonly ServingModelRow[]): readonly ProviderRow[] {
  const providers = models.filter(({ names }) => names.includes(name)).map(({ provider }) => provider)
  const unique = new Map(providers.map((provider) => [provider.id, provider]))
  return [...unique.values()].sort((a, b) => compareTexts([a.displayName, a.id], [b.displayName, b.id]))
}

const BY_PROVIDER_AND_MODEL: KeysetOrder<ProviderModelMapping> = {
  length: 4,
  keyOf: ({ provider, globalModel }) => [
    provider.displayName || provider.name,
    globalModel.name,
    provider.id,
    globalModel.id,
  ],
}

/**
 * Lists the providers' names for global models, sorted by provider and model. It leaves out a provider's only name if it is
 * the model's own.
 */
export async function providerModelMappings(
  args: ProviderModelMappingsArguments,
  context: Context,
  selected: Selected,
): Promise<KeysetPage<ProviderModelMapping>> {
  const search = readSearch(args)
  const providerId = args.providerId ?? null
  const globalModelId = args.globalModelId ?? null
  const query = ['providerModelMappings', search, providerId, globalModelId]
  const request = readKeysetRequest(args, query, BY_PROVIDER_AND_MODEL)

  const { providerModels } = await read(context)
  const cached = providerModels.filter(
    (model) =>
      (providerId === null || model.providerId === providerId) &&
      (globalModelId === null || model.globalModelId === globalModelId),
  )
  const isFound = finding(search)
  const mappings = (await withRows(cached, context)).filter(
    ({ provider, globalModel, providerModelName, aliases }) =>
      aliases.length > 0 &&
      isFound([provider.displayName, provider.name, globalModel.name, providerModelName, ...aliases]),
  )
  const page = keysetPage(mappings, BY_PROVIDER_AND_MODEL, request)
  if (!('hitCount' in selected)) return page
  const shown = await withHits(await page.items(), context)
  return { ...page, items: () => shown }
}

/** Counters of uses change with every request to the gateway, so only those of a page are read, when somebody looks. */
async function withHits(
  mappings: readonly ProviderModelMapping[],
  { modelMappings }: Context,
): Promise<readonly ProviderModelMapping[]> {
  const hits = await modelMappings.readHits(mappings)
  return mappings.map((mapping, index) => ({ ...mapping, hitCount: hits[index] ?? 0 }))
}

/** Joins entries with their provider and global model, and drops those without one. It issues one statement for each table. */
async function withRows(
  cached: readonly ProviderGlobalModel[],
  { loaders }: Context,
): Promise<ProviderModelMapping[]> {
  await Promise.all([
    loaders.providers.prime(cached.map(({ providerId }) => providerId)),
    loaders.globalModels.prime(cached.map(({ globalModelId }) => globalModelId)),
  ])
  const mappings: ProviderModelMapping[] = []
  for (const model of cached) {
    const provider = await loaders.providers.load(model.providerId)
    const globalModel = await loaders.globalModels.load(model.globalModelId)
    if (provider && globalModel) {
      const isActive = model.isActive && provider.isActive && globalModel.isActive
      mappings.push({
        ...model,
        isActive,
        aliases: aliasesOf(model, globalModel),
        hitCount: 0,
        provider,
        globalModel,
      })
    }
  }
  return mappings
}

/** Returns the mapped names. An entry that only renames the model leads from the model's own name to the provider's. */
const aliasesOf = (
  { providerModelName, aliases }: ProviderGlobalModel,
  { name }: GlobalModelRow,
): readonly string[] => (aliases.length === 0 && providerModelName !== name ? [name] : aliases)

/** Lists the cached names that lead to no model, sorted by name. */
export async function unmappedEntries(
  args: PageArguments,
  context: Context,
): Promise<KeysetPage<UnmappedName>> {
  const request = readKeysetRequest(args, ['unmappedEntries'], BY_NAME)
  const { unmapped } = await read(context)
  return keysetPage(unmapped, BY_NAME, request)
}

const readSearch = ({ search }: Searchable): string | null =>
  search == null ? null : readSearchText(search, 'search')

/** Creates the predicate of a search: one of an entry's texts must contain the text. Without a search every entry matches. */
function finding(search: string | null): (texts: readonly (string | null)[]) => boolean {
  if (search === null) return () => true
  const holds = containing(search)
  return (texts) => texts.some((text) => text !== null && holds(text))
}
