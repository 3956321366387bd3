import DataLoader from 'dataloader'
import type { GatewayStore } from '../gateway/gateway.js'
import { createLru } from '../util/lru.js'
import type { MaybePromise } from '../util/promises.js'

/** Number of API keys whose owners are remembered (LRU), with about 150 bytes each. */
const REMEMBERED_KEYS = 100_000

/**
 * The users to whom API keys belong, shared by all subscriptions: an API key never changes its user, so that an answer stays
 * true. Streams that ask for one key at the same time share one look-up, and keys of one event-loop turn share a statement.
 */
export interface ApiKeyOwners {
  /**
   * Returns the id of the key's user; null if the key has no row or no user. It answers without a promise if it knows the key.
   * @throws UnavailableError (DATABASE_UNAVAILABLE), as a rejection
   */
  ownerOf(apiKeyId: string): MaybePromise<string | null>
}

export function createApiKeyOwners(gateway: Pick<GatewayStore, 'apiKeys'>): ApiKeyOwners {
  const known = createLru<string, { readonly userId: string | null }>(REMEMBERED_KEYS)
  /** Its cache has the keys that are being looked up (single flight). */
  const rows = new DataLoader<string, string | null>(async (ids) => {
    try {
      for (const { id, userId } of await gateway.apiKeys(ids)) known.set(id, { userId })
      // A missing row is not remembered: the gateway may be about to insert it.
      return ids.map((id) => known.get(id)?.userId ?? null)
    } finally {
      for (const id of ids) rows.clear(id)
    }
  })

  return {
    ownerOf(apiKeyId) {
      const owner = known.get(apiKeyId)
      if (owner) return owner.userId
      // PostgreSQL's text holds no NUL: such an id has no row, and would fail the statement for all the others.
      if (apiKeyId.includes('\0')) return null
      return rows.load(apiKeyId)
    },
  }
}
