import type { ApiKeyRow } from '../stores/gateway-rows.js'
import type { GatewayStore } from '../stores/gateway-store.js'
import { byId, createEntityLoader, type EntityLoader } from './entity-loader.js'

export interface ApiKeyLoaders {
  readonly byId: EntityLoader<ApiKeyRow>
  /** A user's keys, oldest first. */
  readonly byUser: EntityLoader<readonly ApiKeyRow[]>
  /** Fetches these keys and all other keys of their users in one statement, for both loaders. Never rejects. */
  primeWithSiblings(ids: readonly string[]): Promise<void>
}

export function createApiKeyLoaders(gateway: GatewayStore): ApiKeyLoaders {
  let withSiblings = false
  const byUser = createEntityLoader<readonly ApiKeyRow[]>(async (userIds) => {
    const keys = groupByUser(await gateway.apiKeysOfUsers(userIds))
    return new Map(userIds.map((id) => [id, keys.get(id) ?? []] as const))
  })
  const byKeyId = createEntityLoader<ApiKeyRow>(async (ids) => {
    if (!withSiblings) return byId(await gateway.apiKeys(ids))
    const rows = await gateway.apiKeysWithSiblings(ids)
    for (const [userId, keys] of groupByUser(rows)) byUser.set(userId, keys)
    return byId(rows)
  })
  return {
    byId: byKeyId,
    byUser,
    async primeWithSiblings(ids) {
      withSiblings = true
      await byKeyId.prime(ids)
      withSiblings = false
    },
  }
}

function groupByUser(rows: readonly ApiKeyRow[]): Map<string, ApiKeyRow[]> {
  const groups = new Map<string, ApiKeyRow[]>()
  for (const row of [...rows].sort(byAge)) {
    const group = groups.get(row.userId)
    if (group) group.push(row)
    else groups.set(row.userId, [row])
  }
  return groups
}

const byAge = (a: ApiKeyRow, b: ApiKeyRow): number =>
  a.createdAt.getTime() - b.createdAt.getTime() || (a.id < b.id ? -1 : 1)
