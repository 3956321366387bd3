import { FAMILIES } from '../../affinities/families/index.js'
import type { RedisClient } from '../../redis/client.js'
import { openTracking, TrackingRefusedError } from '../../redis/tracking.js'
import type { Finding } from './finding.js'

const NO_LISTENER = { changed: () => {}, flushed: () => {}, ended: () => {} }

/** Checks that Redis announces changes to this user, which the index needs. In a cluster it asks one master. */
export async function checkClientTracking(redis: RedisClient): Promise<Finding> {
  const [node] = 'nodes' in redis ? redis.nodes('master') : [redis]
  try {
    if (node) (await openTracking(node, FAMILIES.roots, NO_LISTENER)).close()
    return { check: 'changes', state: 'ok', message: 'Redis announces each change of an affinity.' }
  } catch (error) {
    const why =
      error instanceof TrackingRefusedError ? 'refuses client tracking' : 'does not answer to client tracking'
    return {
      check: 'changes',
      state: 'warning',
      message: `Redis ${why}, so each request will scan all affinities. See docs/configuration.md, Rights in Redis.`,
    }
  }
}
