/** Helpers for the tests of clears: one document for each mutation, and Redis as another client sees it. */
import type { Redis } from 'ioredis'
import { expect } from 'vitest'
import { loadRedisFixtures } from '../../scripts/lib/fixtures.js'
import { replies } from '../../src/redis/pipeline.js'
import type { QueryOptions, TestApp } from '../support/app.js'

/** Each clear with its arguments as GraphQL types. */
export const CLEARS = {
  clearUserCache: { identifier: 'String!' },
  clearSingleAffinity: { affinityKey: 'ID!', endpointId: 'ID!', modelId: 'String!', apiFormat: 'String!' },
  clearProviderCache: { providerId: 'ID!' },
  clearAffinities: { filter: 'AffinityFilter!' },
  clearAllCache: { confirm: 'Boolean' },
  clearAllModelMappingCache: { confirm: 'Boolean' },
  clearModelMappingCacheByName: { modelName: 'String!' },
  clearProviderModelMappingCache: { providerId: 'ID!', globalModelId: 'ID!' },
} as const
export type Clear = keyof typeof CLEARS

export const EVENT = 'id action success createdAt actorName ipAddress requestId errorMessage metadata'

/** Every field that all of a clear's answers have in common. */
export const ANSWER = `
  __typename
  ... on ClearPayload { message clearedCount dryRun auditEvent { ${EVENT} } }
  ... on Error { code message }
  ... on UnavailableError { clearedCount }`

/** Clears with a selector, which may be invalid; a clear of everything has none. */
const INVALID: ReadonlySet<Clear> = new Set(
  (Object.keys(CLEARS) as Clear[]).filter((clear) => !('confirm' in CLEARS[clear])),
)

export function clearDocument(clear: Clear, fields = ''): string {
  const types: Readonly<Record<string, string>> = { ...CLEARS[clear], dryRun: 'Boolean' }
  const names = Object.keys(types)
  const declared = names.map((name) => `$${name}: ${types[name]}${defaultOf(name)}`).join(', ')
  const given = names.map((name) => `${name}: $${name}`).join(', ')
  const field = INVALID.has(clear) ? '... on InvalidInputError { field }' : ''
  return `mutation (${declared}) { ${clear}(${given}) { ${ANSWER} ${field} ${fields} } }`
}

// A nullable variable may stand for a non-null argument only where it has a default.
const defaultOf = (name: string): string => (name === 'confirm' || name === 'dryRun' ? ' = false' : '')

/** One clear's answer; an error beside the data fails the test. */
export async function clear(
  service: TestApp,
  name: Clear,
  args: object,
  fields = '',
  options: QueryOptions = {},
) {
  const { data, errors } = await service.query(clearDocument(name, fields), args, options)
  expect(errors).toEqual([])
  return data[name]
}

/** Reads all of Redis by key, as DUMP encodes it. Two results are equal only if nothing was written between them. */
export async function contents(redis: Redis): Promise<Map<string, string>> {
  const keys = (await redis.keys('*')).sort()
  const pipeline = redis.pipeline()
  for (const key of keys) pipeline.dumpBuffer(key)
  const dumps = await replies(pipeline)
  return new Map(keys.map((key, index) => [key, textOfDump(dumps[index])]))
}

const textOfDump = (dump: unknown): string => (Buffer.isBuffer(dump) ? dump.toString('base64') : 'gone')

/** What Redis holds of a family of keys. */
export const countKeys = async (redis: Redis, prefix: string): Promise<number> =>
  (await redis.keys('*')).filter((key) => key.startsWith(prefix)).length

export const FIXTURE_AFFINITIES = 506
/** Keys of the family whose values cannot be read. */
export const BROKEN_AFFINITIES = 4

export const KEEP_ME = ['cache_affinity', 'global_model:other:thing', 'model:someone-elses', 'unrelated:1']

/** Puts Redis back to the fixtures, and waits until the service sees them. */
export async function reload(service: TestApp, now: number): Promise<Redis> {
  const redis = service.redis.client()
  await redis.flushall()
  await loadRedisFixtures(redis, now)
  await seen(service, '', FIXTURE_AFFINITIES)
  return redis
}

/** Waits until the service counts so many affinities: it may learn of changes with a short delay. */
export async function seen(service: TestApp, args: string, count: number): Promise<void> {
  const total = async () =>
    (await service.query(`{ affinities${args} { totalCount } }`)).data?.affinities.totalCount
  await expect.poll(total).toBe(count)
}

/** Keys that a clear may change besides those that it clears. */
export const COUNTERS = 'cache_stats:affinity'

const counted = (count: number) =>
  count === 1 ? '1 (affinity|cached model entry)' : `${count} (affinities|cached model entries)`

/** Runs a clear dry and then for real, and compares what Redis held before, between and after. */
export async function expectOnlyCleared(
  service: TestApp,
  name: Clear,
  args: object,
  gone: readonly string[],
  fields = '',
) {
  const redis = service.redis.client()
  const before = await contents(redis)
  const dry = await clear(service, name, { ...args, dryRun: true }, fields)
  expect(dry).toMatchObject({ clearedCount: gone.length, dryRun: true, auditEvent: { success: true } })
  expect(dry.message).toMatch(new RegExp(`^Would clear ${counted(gone.length)}.*\\. Nothing was cleared\\.$`))
  expect(await contents(redis)).toEqual(before)

  const done = await clear(service, name, { ...args, dryRun: false }, fields)
  expect(done).toMatchObject({ clearedCount: gone.length, dryRun: false, auditEvent: { success: true } })
  expect(done.message).toMatch(new RegExp(`^Cleared ${counted(gone.length)}.*\\.$`))
  const after = await contents(redis)
  for (const key of [COUNTERS, ...gone]) before.delete(key)
  after.delete(COUNTERS)
  expect([...after.keys()]).toEqual([...before.keys()])
  expect(after).toEqual(before)
  return done
}
