import { FAMILIES } from '../../affinities/families/index.js'
import type { RedisClient } from '../../redis/client.js'
import { openTracking, TrackingRefusedError } from '../../redis/tracking.js'
import type { Finding } from './finding.js'

const NOBODY_LISTENS = { changed: () => {}, flushed: () => {}, ended: () => {} }

/** Whether Redis announces changes to this user, as the live index needs it; of a cluster, one master is asked. */
export async function changesAreTold(redis: RedisClient): Promise<Finding> {
  const [node] = 'nodes' in redis ? redis.nodes('master') : [redis]
  try {
    if (node) (await openTracking(node, FAMILIES.roots, NOBODY_LISTENS)).close()
    return { check: 'changes', state: 'ok', message: 'Redis tells of each change' }
  } catch (error) {
    const why = error instanceof TrackingRefusedError ? 'refuses client tracking' : 'does not answer to it'
    return {
      check: 'changes',
      state: 'warning',
      message: `Redis ${why}: each request will read all affinities (docs/configuration.md, Rights in Redis)`,
    }
  }
}
