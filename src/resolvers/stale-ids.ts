import { setImmediate as nextTurn } from 'node:timers/promises'
import type { AffinityReader } from '../affinities/affinity-reader.js'
import type { Dimension } from '../affinities/affinity-record.js'
import type { DimensionSets } from '../affinities/affinity-selection.js'
import type { Loaders } from '../loaders/index.js'
import { type MaybePromise, whenKnown } from './maybe-promise.js'
import {
  apiKeyReasons,
  endpointReasons,
  modelReasons,
  providerKeyReasons,
  providerReasons,
  type StaleReason,
} from './stale-reasons.js'

/** Number of ids in one statement and in one turn of the event loop. A million records use about 100,000 API keys. */
const AT_ONCE = 2_500

/**
 * Finds the ids in live records that make a record stale. It needs six statements, or more if there are over 2,500 ids of a
 * kind.
 */
export async function staleIds(
  affinities: Pick<AffinityReader, 'distinct'>,
  loaders: Loaders,
  now: number,
): Promise<DimensionSets> {
  const { apiKeys, users, providers, endpoints, providerKeys, globalModels } = loaders
  // A copy, since the index changes its sets while rows are read, and each new id would be a statement of its own.
  const inUse = async (dimension: Dimension): Promise<readonly string[]> => {
    const ids: string[] = []
    const live = await affinities.distinct(dimension)
    live.forEach((id) => {
      ids.push(id)
    })
    return ids
  }
  const staleOf = async (
    dimension: Dimension,
    prime: (ids: readonly string[]) => Promise<void>,
    reasonsOf: (id: string) => MaybePromise<readonly StaleReason[]>,
  ): Promise<ReadonlySet<string>> => {
    const ids = await inUse(dimension)
    const stale = new Set<string>()
    for (let start = 0; start < ids.length; start += AT_ONCE) {
      const some = ids.slice(start, start + AT_ONCE)
      await prime(some)
      for (const id of some) {
        const reasons = reasonsOf(id)
        // Primed rows need no await. An await for each of 100,000 ids would block the event loop for others.
        if ((reasons instanceof Promise ? await reasons : reasons).length > 0) stale.add(id)
      }
      await nextTurn()
    }
    return stale
  }

  const [affinityKey, providerId, endpointId, providerKeyId, modelId] = await Promise.all([
    staleOf('affinityKey', primeWithOwners, (id) =>
      whenKnown(apiKeys.byId.load(id), (key) =>
        whenKnown(key && users.load(key.userId), (user) => apiKeyReasons(key, user, now)),
      ),
    ),
    staleOf('providerId', providers.prime, (id) => whenKnown(providers.load(id), providerReasons)),
    staleOf('endpointId', endpoints.prime, (id) => whenKnown(endpoints.load(id), endpointReasons)),
    staleOf('providerKeyId', providerKeys.prime, (id) =>
      whenKnown(providerKeys.load(id), (key) => providerKeyReasons(key, now)),
    ),
    staleOf('modelId', globalModels.prime, (id) =>
      whenKnown(globalModels.load(id), (model) => modelReasons(id, model)),
    ),
  ])
  return { affinityKey, providerId, endpointId, providerKeyId, modelId }

  async function primeWithOwners(ids: readonly string[]): Promise<void> {
    await apiKeys.byId.prime(ids)
    const keys = await Promise.all(ids.map((id) => apiKeys.byId.load(id)))
    await users.prime(keys.flatMap((key) => (key ? [key.userId] : [])))
  }
}
