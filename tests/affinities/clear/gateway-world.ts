import { setTimeout as sleep } from 'node:timers/promises'
import { onTestFinished, vi } from 'vitest'
import type { AffinityRecord } from '../../../src/affinities/affinity-record.js'
import type { HoldingClearer } from '../../../src/affinities/clear/clear-report.js'
import { type ClearStop, createClearStop } from '../../../src/affinities/clear/clear-stop.js'
import { createHoldingClearer } from '../../../src/affinities/clear/holding-clearer.js'
import {
  createMemoryWriteBackRemover,
  createWriteBackGuard,
  type WriteBackGuard,
} from '../../../src/affinities/clear/write-back-guard.js'
import { FAMILIES } from '../../../src/affinities/families/index.js'
import { createMemoryFeed } from '../../../src/affinities/feed/affinity-feed.js'
import { createBrokenRecords } from '../../../src/affinities/feed/broken-records.js'
import { createIndexedSource } from '../../../src/affinities/feed/indexed-source.js'
import { createScanSource } from '../../../src/affinities/feed/scan-source.js'
import { createFollowUps, type KeptFollowUps } from '../../../src/affinities/follow-up/create-follow-ups.js'
import { createMemoryAffinityStore } from '../../../src/affinities/memory-affinity-store.js'
import type { StandInRequest } from '../../../src/demo/stand-in/process.js'
import {
  createStandIn,
  type StandInGateway,
  type StandInOptions,
} from '../../../src/demo/stand-in/stand-in.js'
import { listenStandIn, type StandInServer } from '../../../src/demo/stand-in/stand-in-server.js'
import { memoryStandInStore } from '../../../src/demo/stand-in/stand-in-store.js'
import { createAetherNodes } from '../../../src/gateway/aether/nodes/aether-nodes.js'
import type { GatewayNodes, Generation } from '../../../src/gateway/nodes/gateway-nodes.js'
import { createNodeToken } from '../../../src/gateway/nodes/node-token.js'
import { MemoryKeyspace } from '../../../src/redis/memory-keyspace.js'
import { apiKey, EVERY_RIGHT, TOKEN, target } from '../../gateway/nodes/nodes-support.js'
import { logTo } from '../feed/feed-support.js'

/** The world's clock is moved by a timer, so that a slow machine slows the world down and changes nothing in it. */
const TICK_MS = 15
const TICK_SECONDS = 0.5

export const OLD = target(1)
export const NEW = target(2)

export interface World {
  readonly clearer: HoldingClearer
  readonly stop: ClearStop
  readonly guard: WriteBackGuard
  readonly followUps: KeptFollowUps
  readonly keyspace: MemoryKeyspace
  readonly gateways: readonly StandInGateway[]
  readonly servers: readonly StandInServer[]
  readonly nodes: GatewayNodes | undefined
  /** The calls that cleared something, at every node, without the path that all share. */
  readonly clears: () => string[]
  records(isMeant?: (record: AffinityRecord) => boolean): Promise<readonly AffinityRecord[]>
  /** Lets the world's clock run. */
  pass(seconds: number): Promise<void>
  /** Sends these requests twice a second of the world, to each process in turn, until the test ends or it is stopped. */
  traffic(requests: readonly StandInRequest[]): Promise<() => void>
  /** From now on, requests without a pin go to NEW. */
  prefer(): void
  /** The target of these requests now. */
  where(requests: readonly StandInRequest[], gateway?: number): Promise<string[]>
}

export interface WorldOptions {
  readonly urls?: 'none' | 'set'
  readonly gateways?: number
  readonly windowSeconds?: number
  readonly clearsAtOnce?: boolean
  /** The clock of each gateway is so many seconds behind the service's; those that are not named are right. */
  readonly secondsBehind?: readonly number[]
  readonly token?: string | undefined
  /** Runs when the routes of a clear are chosen, before the first call. */
  readonly onPlan?: () => Promise<void>
  readonly standIn?: Partial<StandInOptions>
}

export async function createWorld(generation: Generation, options: WorldOptions = {}): Promise<World> {
  let clock = Date.now()
  const now = () => clock
  const users = new Set<() => void>()
  const ticks = setInterval(() => {
    clock += TICK_SECONDS * 1_000
    for (const use of users) use()
  }, TICK_MS)
  const keyspace = new MemoryKeyspace(now)
  const gateways = Array.from({ length: options.gateways ?? 1 }, (_, n) =>
    createStandIn({
      generation,
      store: memoryStandInStore(keyspace),
      now: () => clock - (options.secondsBehind?.[n] ?? 0) * 1_000,
      targets: [OLD, NEW],
      apiKeys: Array.from({ length: 40 }, (_, id) => apiKey(id)),
      tokens: [{ token: TOKEN, permissions: generation === 'PROCESS_MEMORY' ? EVERY_RIGHT : null }],
      epoch: 1 + n,
      ...options.standIn,
    }),
  )
  const servers = await Promise.all(gateways.map(listenStandIn))
  const nodes =
    options.urls === 'none'
      ? undefined
      : createAetherNodes({
          urls: servers.map(({ url }) => url),
          token: createNodeToken({ token: 'token' in options ? options.token : TOKEN }),
          generation: () => generation,
          signFor: async (id) => `signed-for-${id}`,
          clearsAtOnce: options.clearsAtOnce ?? false,
          now,
          timeoutMs: 500,
        })
  const store = createMemoryAffinityStore(keyspace, FAMILIES)
  const brokenRecords = createBrokenRecords(() => {})
  const log = logTo([])
  let guard: WriteBackGuard | undefined
  const followUps = createFollowUps({ now, isFollowed: () => source.state === 'live' })
  const source = createIndexedSource({
    store,
    feed: createMemoryFeed(keyspace, FAMILIES),
    brokenRecords,
    scanSource: createScanSource(store, brokenRecords, now),
    now,
    log,
    onSeen(record) {
      guard?.seen(record)
      followUps.seen(record)
    },
    onRemoved: followUps.removed,
  })
  guard = createWriteBackGuard({
    store,
    remover: createMemoryWriteBackRemover(keyspace, FAMILIES),
    windowSeconds: options.windowSeconds ?? 15,
    isFollowed: () => source.state === 'live',
    now,
    log,
  })
  const stop = createClearStop()
  const clearer = createHoldingClearer({
    store: source.store,
    guard,
    stop,
    followUps,
    countInvalidations: async () => {},
    nodes,
    generation: () => generation,
    clearsAtOnce: options.clearsAtOnce ?? false,
    reader: () => source.reader(),
    tables: {
      async apiKeysThere(ids) {
        // The live records have been read by now.
        await options.onPlan?.()
        return new Set(ids.filter((id) => id.startsWith('api-key-')))
      },
      namedApiKey: async (ids) => {
        const [id] = ids
        const n = Number(id?.split('-').at(-1))
        return id === undefined ? undefined : { id, userId: apiKey(n).userId, name: 'its name' }
      },
      ttlSeconds: async () => new Map(),
    },
    defaultTtlSeconds: 300,
    now,
  })
  await vi.waitFor(() => source.ready())
  onTestFinished(async () => {
    clearInterval(ticks)
    guard?.close()
    source.close()
    await Promise.all(servers.map((server) => server.close()))
  })

  return {
    clearer,
    stop,
    guard,
    followUps,
    keyspace,
    gateways,
    servers,
    nodes,
    clears: () =>
      servers.flatMap(({ calls }) =>
        calls
          .filter(({ method }) => method !== 'GET')
          .map(({ method, target: path }) => `${method} ${path.replace('/api/admin/monitoring/cache', '')}`),
      ),
    records: async (isMeant = () => true) => (await source.reader().matching({})).filter(isMeant),
    async pass(seconds) {
      clock += seconds * 1_000
      await sleep(5)
    },
    async traffic(requests) {
      let turn = 0
      const use = () => {
        turn += 1
        for (const gateway of gateways) for (const request of requests) void gateway.serve(request, turn)
      }
      users.add(use)
      // Each process has used each pin before the test goes on.
      while (turn < 5) await sleep(TICK_MS)
      await sleep(5)
      return () => users.delete(use)
    },
    prefer() {
      for (const gateway of gateways) gateway.prefer(NEW)
    },
    where: async (requests, gateway = 0) =>
      Promise.all(
        requests.map(
          async (request) => (await gateways[gateway]?.serve(request))?.providerKeyId ?? 'nowhere',
        ),
      ),
  }
}

/** Requests of API keys that are numbered from 0. */
export const requestsOf = (count: number, fields: Partial<StandInRequest> = {}): StandInRequest[] =>
  Array.from({ length: count }, (_, n) => ({
    apiKeyId: `api-key-${n}`,
    apiFormat: 'CLAUDE',
    model: 'model',
    ...fields,
  }))

/** Sessions of one API key. */
export const sessionsOf = (count: number, fields: Partial<StandInRequest> = {}): StandInRequest[] =>
  Array.from({ length: count }, (_, n) => ({
    apiKeyId: 'api-key-0',
    apiFormat: 'CLAUDE',
    model: 'model',
    clientFamily: 'codex',
    sessionHash: n.toString(16).padStart(64, '0'),
    ...fields,
  }))

export const all = (place: string, count: number): string[] => Array.from({ length: count }, () => place)
