import type { ClearTables } from '../../affinities/clear/clear-parts.js'
import type { GatewayStore } from '../gateway.js'
import type { ApiKeyRow } from '../rows.js'
import type { NamedApiKey } from './gateway-nodes.js'

/** Ids of one statement. */
const BATCH = 5_000
/** API keys among which one with a name is looked for. */
const CANDIDATES = 500

type Store = Pick<GatewayStore, 'apiKeys' | 'apiKeysWithSiblings' | 'providerKeys'>

/** Reads what clears need from the gateway's tables. While the database is away there is nothing: a clear does not wait for it. */
export function createClearTables(store: Store): ClearTables {
  async function inBatches<T>(
    ids: readonly string[],
    read: (some: readonly string[]) => Promise<T[]>,
  ): Promise<T[]> {
    const rows: T[] = []
    try {
      for (let start = 0; start < ids.length; start += BATCH) {
        for (const row of await read(ids.slice(start, start + BATCH))) rows.push(row)
      }
    } catch {
      // The database's own log tells that it is away.
    }
    return rows
  }
  return {
    async apiKeysThere(ids) {
      return new Set((await inBatches(ids, store.apiKeys)).map(({ id }) => id))
    },
    async namedApiKey(ids) {
      const some = ids.slice(0, CANDIDATES)
      const [own] = (await inBatches(some, store.apiKeys)).flatMap(named)
      if (own) return own
      const siblings = await inBatches(some, store.apiKeysWithSiblings)
      return siblings.flatMap(({ apiKey }) => named(apiKey))[0]
    },
    async ttlSeconds(providerKeyIds) {
      const rows = await inBatches(providerKeyIds, store.providerKeys)
      return new Map(rows.map(({ id, cacheTtlMinutes }) => [id, cacheTtlMinutes * 60]))
    },
  }
}

const named = ({ id, userId, name, isStandalone }: ApiKeyRow): NamedApiKey[] =>
  name === null || name === '' || isStandalone ? [] : [{ id, userId, name }]
