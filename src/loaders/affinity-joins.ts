import type { AffinityRecord } from '../affinities/affinity-record.js'
import type { KeyFamilies } from '../affinities/key-families.js'
import type { ProviderKeyRow } from '../gateway/rows.js'
import type { EntityLoader } from './entity-loader.js'
import type { Loaders } from './index.js'
import { judgedPin } from './verdicts.js'

/** Field names that a query selects, by nesting: `{ apiKey: { user: {} }, model: {} }`. */
export interface Selected {
  readonly [field: string]: Selected
}

/** Fields of an affinity that need a table, with the entity that they go through. */
const NEEDS_API_KEY = ['apiKey', 'user', 'isStandalone']
const NEEDS_USER = ['user']
const NEEDS_VERDICT = ['usability', 'staleReasons', 'conditions']
const NEEDS_PROVIDER = ['provider']
const NEEDS_ENDPOINT = ['endpoint']
const NEEDS_PROVIDER_KEY = ['providerKey', 'rateMultiplier', 'lastUsedAt']
const NEEDS_MODEL = ['model', 'modelName', 'modelDisplayName']

/** Whether a query selects the other API keys of a user, for whose read the viewer may have to pay. */
export const selectsSiblings = (selected: Selected): boolean =>
  selects(selected['user'], 'apiKeys') || selects(selected['apiKey']?.['user'], 'apiKeys')

/**
 * Fetches every row that a page of affinities will show, before any of its fields is resolved: at most one statement
 * a table and one for all verdicts, however the joins overlap (a provider is reached from the record and from its endpoint),
 * in at most three rounds. Afterwards the loaders answer without a promise a field. Never rejects: what could not be fetched
 * fails field by field.
 */
export async function primeAffinityJoins(
  loaders: Loaders,
  records: readonly AffinityRecord[],
  selected: Selected,
  families: KeyFamilies,
): Promise<void> {
  const wants = (fields: readonly string[]) => fields.some((field) => field in selected)
  const ids = (field: 'affinityKey' | 'providerId' | 'endpointId' | 'providerKeyId' | 'modelId') => [
    ...new Set(records.map((record) => record[field])),
  ]
  const modelIds = (modelIs: 'id' | 'name') =>
    records.filter((record) => families.modelIs(record) === modelIs).map(({ modelId }) => modelId)
  const wantsUserOfKey = selected['apiKey'] !== undefined && 'user' in selected['apiKey']
  const wantsSiblings = selectsSiblings(selected)
  const wantsUser = wants(NEEDS_USER) || wantsUserOfKey
  const { byId, primeWithOwners, primeWithSiblings } = loaders.apiKeys
  const primeApiKeys = wantsSiblings ? primeWithSiblings : wantsUser ? primeWithOwners : byId.prime
  const ofProviderKey = selected['providerKey']
  const wantsProviderOfKey = selects(ofProviderKey, 'provider')
  // A key that belongs to an endpoint has its provider and its API format from there.
  const wantsEndpointOfKey =
    selects(ofProviderKey, 'endpoint') || wantsProviderOfKey || selects(ofProviderKey, 'apiFormats')
  const wantsMultiplier = 'rateMultiplier' in selected
  const wantsProviderOfEndpoint =
    selects(selected['endpoint'], 'provider') ||
    selects(ofProviderKey?.['endpoint'], 'provider') ||
    wantsProviderOfKey

  const endpointIds = new Set(wants(NEEDS_ENDPOINT) ? ids('endpointId') : [])

  async function primeKeysAndUsers(): Promise<void> {
    await primeApiKeys(ids('affinityKey'))
    if (!wantsUser) return
    // This is for keys that were there before; the others have brought theirs along.
    await loaders.users.prime(found(loaders.apiKeys.byId, ids('affinityKey')).map(({ userId }) => userId))
  }

  async function primeTargets(): Promise<void> {
    await Promise.all([
      wants(NEEDS_PROVIDER_KEY) && loaders.providerKeys.prime(ids('providerKeyId')),
      !wantsProviderOfEndpoint && wants(NEEDS_PROVIDER) && loaders.providers.prime(ids('providerId')),
      !wantsEndpointOfKey && loaders.endpoints.prime(endpointIds),
    ])
    const providerKeys =
      wantsEndpointOfKey || wantsMultiplier ? found(loaders.providerKeys, ids('providerKeyId')) : []
    if (wantsEndpointOfKey) {
      for (const { endpointId } of providerKeys) if (endpointId !== null) endpointIds.add(endpointId)
    }
    if (wantsMultiplier) {
      for (const id of endpointsOfMultipliers(records, providerKeys)) endpointIds.add(id)
    }
    await loaders.endpoints.prime(endpointIds)

    if (!wantsProviderOfEndpoint) return
    const providerIds = wants(NEEDS_PROVIDER) ? ids('providerId') : []
    for (const endpoint of found(loaders.endpoints, [...endpointIds])) providerIds.push(endpoint.providerId)
    if (wantsProviderOfKey) {
      for (const { providerId } of providerKeys) if (providerId !== null) providerIds.push(providerId)
    }
    await loaders.providers.prime(providerIds)
  }

  // None waits for rows that it does not need, least of all for the verdicts, whose statement takes the longest.
  await Promise.all([
    wants(NEEDS_VERDICT) && loaders.verdicts.prime(records.map((record) => judgedPin(record, families))),
    wants(NEEDS_API_KEY) && primeKeysAndUsers(),
    wants(NEEDS_MODEL) && loaders.globalModels.prime(modelIds('id')),
    wants(NEEDS_MODEL) && loaders.globalModelsNamed.prime(modelIds('name')),
    primeTargets(),
  ])
}

/** The endpoints whose API format chooses among the multipliers of a provider key. */
function endpointsOfMultipliers(
  records: readonly AffinityRecord[],
  providerKeys: readonly ProviderKeyRow[],
): string[] {
  const withMultipliers = new Set(
    providerKeys.flatMap(({ id, rateMultipliers }) => (rateMultipliers.length > 0 ? [id] : [])),
  )
  return records.flatMap(({ providerKeyId, endpointId }) =>
    withMultipliers.has(providerKeyId) ? [endpointId] : [],
  )
}

const selects = (selected: Selected | undefined, field: string): boolean =>
  selected !== undefined && field in selected

/** The rows that are there already; none where the fetch failed, since `load` will say so. */
function found<Row>(loader: Pick<EntityLoader<Row>, 'load'>, ids: readonly string[]): Row[] {
  return ids.flatMap((id) => {
    try {
      const row = loader.load(id)
      return row === null || row instanceof Promise ? [] : [row]
    } catch {
      return []
    }
  })
}
