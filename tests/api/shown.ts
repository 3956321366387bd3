import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { Redis } from 'ioredis'
import { expect } from 'vitest'
import type { TestApp } from '../support/app.js'
import type { RedisServer } from '../support/servers/redis.js'
import { keyOfNode } from './affinity-model.js'

/** How the service comes to know the affinities: it follows Redis, or reads everything for each request. */
export const MODES = [
  ['with the live index', { AFFINITY_INDEX: 'on' }],
  ['with scans', { AFFINITY_INDEX: 'off' }],
] as const

const PAGE = 1_000
const GRAPHQL_INT_MAX = 2 ** 31 - 1

/** Waits until the service shows exactly what its Redis holds: the live index follows some milliseconds behind. */
export async function untilShown(service: TestApp): Promise<void> {
  const held = await heldBy(service)
  const deadline = Date.now() + 10_000
  for (;;) {
    const shown = await shownBy(service)
    if (isDeepStrictEqual(shown, held)) return
    // Not expect.poll: this is for hooks as well.
    if (Date.now() > deadline) expect(shown).toEqual(held)
    await sleep(5)
  }
}

const clients = new WeakMap<RedisServer, Redis>()

/** Cache keys with their request counts, as a plain client reads them; what is no affinity left out. */
async function heldBy({ redis }: TestApp): Promise<Map<string, number>> {
  const client = clients.get(redis) ?? redis.client()
  clients.set(redis, client)
  const keys = await client.keys('cache_affinity:*')
  const values = keys.length > 0 ? await client.mget(keys) : []
  const held = new Map<string, number>()
  keys.forEach((key, index) => {
    const count = requestCount(values[index] ?? '')
    if (count !== undefined) held.set(key, Math.min(count, GRAPHQL_INT_MAX))
  })
  return held
}

function requestCount(value: string): number | undefined {
  try {
    const parsed: unknown = JSON.parse(value)
    const isRecord = typeof parsed === 'object' && parsed !== null && 'request_count' in parsed
    return isRecord ? Number(parsed.request_count) : undefined
  } catch {
    return undefined
  }
}

async function shownBy(service: TestApp): Promise<Map<string, number>> {
  const shown = new Map<string, number>()
  for (let offset = 0; ; offset += PAGE) {
    const { data, errors } = await service.query(
      `{ affinities(first: ${PAGE}, offset: ${offset}) {
        pageInfo { hasNextPage } nodes { affinityKey apiFormat modelId requestCount } } }`,
    )
    expect(errors).toEqual([])
    for (const node of data.affinities.nodes) shown.set(keyOfNode(node), node.requestCount)
    if (!data.affinities.pageInfo.hasNextPage) return shown
  }
}
