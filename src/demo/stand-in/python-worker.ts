import type { OnePin, StandInProcess, StandInRequest, StandInTarget } from './process.js'
import type { StandInStore } from './stand-in-store.js'

export const PYTHON_PREFIX = 'cache_affinity:'
/** A worker serves a pin from memory for so many milliseconds after each use. */
const MEMORY_MS = 3_000

interface Stored {
  readonly provider_id: string
  readonly endpoint_id: string
  readonly key_id: string
  readonly api_format: string
  readonly model_name: string
  readonly created_at: number
  readonly expire_at: number
  readonly request_count: number
}

export interface PythonWorkerOptions {
  readonly store: StandInStore
  /** Unix milliseconds. */
  readonly now: () => number
  readonly ttlSeconds: number
  /** The target of a request without a pin. */
  readonly choose: (request: StandInRequest) => StandInTarget
}

const keyOf = ({ apiKeyId, apiFormat, model }: Omit<OnePin, 'endpointId'>): string =>
  `${PYTHON_PREFIX}${apiKeyId}:${apiFormat}:${model}`

/**
 * A worker of a Python gateway. Redis decides, but a pin that the worker has used within three seconds is served from its
 * memory and written back with its old `created_at`, whatever has become of the record in Redis.
 */
export function createPythonWorker(options: PythonWorkerOptions): StandInProcess {
  const { store, now, ttlSeconds, choose } = options
  const memory = new Map<string, { record: Stored; usedAt: number }>()
  const counts = { hits: 0, misses: 0 }

  async function recordOf(key: string): Promise<Stored | undefined> {
    const kept = memory.get(key)
    if (kept && now() - kept.usedAt < MEMORY_MS) {
      kept.usedAt = now()
      return kept.record
    }
    memory.delete(key)
    const record = parse(await store.get(key))
    if (record) memory.set(key, { record, usedAt: now() })
    return record
  }

  async function write(key: string, record: Stored): Promise<void> {
    memory.set(key, { record, usedAt: now() })
    await store.set(key, JSON.stringify(record), ttlSeconds)
  }

  /** The routes of a user and of a provider find records in Redis, and drop from memory what they found there. */
  async function clearFound(
    isMeant: (record: Stored, key: string) => boolean,
    prefix: string,
  ): Promise<number> {
    const found: string[] = []
    for (const key of await store.keys(prefix)) {
      const record = parse(await store.get(key))
      if (record && isMeant(record, key)) found.push(key)
    }
    for (const key of found) memory.delete(key)
    return store.delete(found)
  }

  return {
    async begin(request) {
      const key = keyOf(request)
      const pinned = await recordOf(key)
      counts[pinned ? 'hits' : 'misses'] += 1
      const target = pinned ? targetOf(pinned) : choose(request)
      return {
        target,
        async finish() {
          const current = await recordOf(key)
          const isSame = current?.key_id === target.providerKeyId
          const seconds = now() / 1_000
          await write(key, {
            provider_id: target.providerId,
            endpoint_id: target.endpointId,
            key_id: target.providerKeyId,
            api_format: request.apiFormat,
            model_name: request.model,
            created_at: current && isSame ? current.created_at : seconds,
            expire_at: seconds + ttlSeconds,
            request_count: current && isSame ? current.request_count + 1 : 1,
          })
        },
      }
    },
    async clearOne(pin) {
      const key = keyOf(pin)
      // The memory is dropped in any case, also where Redis has no record.
      memory.delete(key)
      const record = parse(await store.get(key))
      return record?.endpoint_id === pin.endpointId ? store.delete([key]) : 0
    },
    async clearApiKeys(ids) {
      let cleared = 0
      for (const id of ids) cleared += await clearFound(() => true, `${PYTHON_PREFIX}${id}:`)
      return cleared
    },
    clearProvider: (providerId) => clearFound((record) => record.provider_id === providerId, PYTHON_PREFIX),
    async flush() {
      memory.clear()
      return store.delete(await store.keys(PYTHON_PREFIX))
    },
    list: () => store.keys(PYTHON_PREFIX),
    apiKeyWritten: () => {},
    routesChanged: () => {},
    get hits() {
      return counts.hits
    },
    get misses() {
      return counts.misses
    },
  }
}

const targetOf = ({ provider_id, endpoint_id, key_id }: Stored): StandInTarget => ({
  providerId: provider_id,
  endpointId: endpoint_id,
  providerKeyId: key_id,
})

function parse(value: string | undefined): Stored | undefined {
  if (value === undefined) return undefined
  try {
    const record: unknown = JSON.parse(value)
    return isStored(record) ? record : undefined
  } catch {
    return undefined
  }
}

const isStored = (value: unknown): value is Stored =>
  typeof value === 'object' && value !== null && 'key_id' in value && 'created_at' in value
