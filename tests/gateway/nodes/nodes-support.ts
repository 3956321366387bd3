import { onTestFinished } from 'vitest'
import type { AffinityRecord } from '../../../src/affinities/affinity-record.js'
import type { StandInApiKey } from '../../../src/demo/stand-in/admin-routes.js'
import type { StandInProcess } from '../../../src/demo/stand-in/process.js'
import {
  createStandIn,
  type StandInGateway,
  type StandInOptions,
} from '../../../src/demo/stand-in/stand-in.js'
import { listenStandIn, type StandInServer } from '../../../src/demo/stand-in/stand-in-server.js'
import { memoryStandInStore } from '../../../src/demo/stand-in/stand-in-store.js'
import type { PlanFacts } from '../../../src/gateway/nodes/gateway-nodes.js'
import { MemoryKeyspace } from '../../../src/redis/memory-keyspace.js'

export const TOKEN = 'ae-token-of-the-tests'
export const EVERY_RIGHT = ['admin:monitoring:read', 'admin:monitoring:write', 'admin:users:write']

export const target = (n: number) => ({
  providerId: `provider-${n}`,
  endpointId: `endpoint-${n}`,
  providerKeyId: `provider-key-${n}`,
})

export const apiKey = (n: number, fields: Partial<StandInApiKey> = {}): StandInApiKey => ({
  id: `api-key-${n}`,
  name: `key ${n}`,
  userId: `user-${n}`,
  username: `name-${n}`,
  email: `${n}@example.com`,
  isStandalone: false,
  ...fields,
})

export const SESSION = 'c'.repeat(64)

export const record = (fields: Partial<AffinityRecord> = {}): AffinityRecord => {
  const parts = {
    family: 'cache_affinity',
    affinityKey: 'api-key-1',
    apiFormat: 'CLAUDE',
    modelId: 'model',
    providerId: 'provider-1',
    endpointId: 'endpoint-1',
    providerKeyId: 'provider-key-1',
    requestCount: 1,
    createdAt: 1_000,
    expiresAt: 1_300,
    writtenExpiry: 1_300,
    ...fields,
  }
  const session = Object.values(parts.extra ?? {}).join(':')
  return { key: `${parts.affinityKey}:${parts.apiFormat}:${parts.modelId}:${session}`, ...parts }
}

/** The live records, and which API keys there are. */
export const facts = (live: readonly AffinityRecord[], apiKeys: readonly string[] = []): PlanFacts => ({
  relatives: async () => live,
  apiKeysThere: async (ids) => new Set(ids.filter((id) => apiKeys.includes(id))),
})

export async function startStandIn(
  options: Partial<StandInOptions> & Pick<StandInOptions, 'generation'>,
): Promise<{ gateway: StandInGateway; node: StandInServer }> {
  const gateway = createStandIn({
    store: memoryStandInStore(new MemoryKeyspace()),
    targets: [target(1)],
    apiKeys: [apiKey(1), apiKey(2)],
    tokens: [{ token: TOKEN, permissions: options.generation === 'PROCESS_MEMORY' ? EVERY_RIGHT : null }],
    ...options,
  })
  const node = await listenStandIn(gateway)
  onTestFinished(() => node.close())
  return { gateway, node }
}

export interface Reached {
  readonly route: string
  readonly names: readonly (string | undefined)[]
}

/** A process that only writes down what its routes were told. */
export function recordingProcess(reached: Reached[]): StandInProcess {
  const told =
    (route: string) =>
    async (...names: (string | undefined)[]) => {
      reached.push({ route, names })
      return 1
    }
  return {
    begin: () => Promise.reject(new Error('no requests here')),
    clearOne: (pin) =>
      told('single')(
        pin.apiKeyId,
        pin.endpointId,
        pin.model,
        pin.apiFormat,
        pin.clientFamily,
        pin.sessionHash,
      ),
    clearApiKeys: (ids) => told('apiKey')(...ids),
    clearProvider: told('provider'),
    flush: told('all'),
    list: async () => [],
    apiKeyWritten: () => void reached.push({ route: 'write', names: [] }),
    routesChanged: () => {},
    hits: 0,
    misses: 0,
  }
}
