import type { RedisClient } from '../redis/client.js'
import { scanMasters } from '../redis/scan.js'
import { AFFINITY_LIKE_PATTERN, foreignPrefix } from './family-counts.js'
import type { KeyFamilies } from './key-families.js'

/** Keys of one walk at each server, of which most are other things. */
const MOST_VISITED = 10_000_000

/** Lists the keys that look like affinities, but belong to no family that is read. */
export async function* affinityLikeKeys(
  client: RedisClient,
  families: KeyFamilies,
): AsyncIterable<readonly string[]> {
  const isWanted = (key: string) => foreignPrefix(key, families) !== undefined
  const options = { pattern: AFFINITY_LIKE_PATTERN, isWanted, mayRepeat: true, maxVisited: MOST_VISITED }
  for await (const { keys } of scanMasters(client, options)) yield keys
}
