/** `affinityql/recorder`: affinities for gateways written for Node. It loads no server, no GraphQL and no database. */

export type { AffinityIdentity } from '../../affinities/affinity-key.js'
export type { AffinityRecord } from '../../affinities/affinity-record.js'
export { MemoryKeyspace } from '../../redis/memory-keyspace.js'
export {
  type AffinityCounter,
  type AffinityPin,
  type AffinityRecorder,
  createAffinityRecorder,
  type RecordOutcome,
  type SchedulerCounter,
} from './affinity-recorder.js'
export type { RecorderBackend } from './backend.js'
export { createMemoryBackend } from './memory-backend.js'
export { createRedisBackend } from './redis-backend.js'
