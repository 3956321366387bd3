/** What a clear chose and no longer means when it comes to remove it stays, and is counted; at the gateways of each generation. */
import { describe, expect, it } from 'vitest'
import type { AffinityRecord } from '../../../src/affinities/affinity-record.js'
import type { StandInRequest } from '../../../src/demo/stand-in/process.js'
import { UnavailableError } from '../../../src/errors.js'
import type { Generation } from '../../../src/gateway/nodes/gateway-nodes.js'
import { createWorld, NEW, OLD, requestsOf, sessionsOf, type World } from './gateway-world.js'

const ADMIN = { actorId: 'root' }
const PLACES: readonly (readonly [Generation, 'none' | 'set'])[] = [
  ['ENDPOINT_KEYS', 'none'],
  ['ENDPOINT_KEYS', 'set'],
  ['PROVIDER_KEYS', 'none'],
  ['PROVIDER_KEYS', 'set'],
  ['PROCESS_MEMORY', 'set'],
]

const numberOf = ({ affinityKey, extra }: AffinityRecord): number =>
  extra?.['sessionHash'] === undefined
    ? Number(affinityKey.split('-').at(-1))
    : Number.parseInt(extra['sessionHash'], 16)

/** Says of these records alone that they are no longer stale, and counts how often it was asked. */
function judgeThatFrees(...usable: readonly number[]) {
  const judged: number[] = []
  return {
    judged,
    rejudge: async (records: readonly AffinityRecord[]) => {
      judged.push(...records.map(numberOf))
      return records.filter((record) => !usable.includes(numberOf(record)))
    },
  }
}

describe.each(PLACES)('a clear by verdict beside %s, with nodes: %s,', (generation, urls) => {
  const requests = generation === 'PROCESS_MEMORY' ? sessionsOf(6) : requestsOf(6)
  const begin = async (count = requests.length): Promise<World> => {
    const world = await createWorld(generation, { urls, windowSeconds: 1 })
    await world.where(requests.slice(0, count))
    return world
  }
  const left = async (world: World) => (await world.records()).map(numberOf).sort()

  it('spares what has become usable since it was chosen', async () => {
    const world = await begin()
    const judge = judgeThatFrees(2, 4)
    const report = await world.clearer.clear(await world.records(), { ...ADMIN, ...judge })
    expect(report).toMatchObject({ clearedCount: 4, sparedCount: 2 })
    expect(await left(world)).toEqual([2, 4])
    // The guard does not take them for write-backs.
    expect(await report.writtenBack).toBe(0)
    expect(await left(world)).toEqual([2, 4])
  })

  it('spares what is pinned elsewhere by now, and does not even judge it', async () => {
    const world = await begin()
    const chosen = await world.records()
    const moved = chosen.find((record) => numberOf(record) === 3)
    if (!moved) throw new Error('There are six pins.')
    const value = JSON.parse(world.keyspace.get(moved.key) ?? '{}')
    world.keyspace.set(moved.key, JSON.stringify({ ...value, key_id: NEW.providerKeyId }), 300)
    const judge = judgeThatFrees()
    const report = await world.clearer.clear(chosen, { ...ADMIN, ...judge })
    expect(report).toMatchObject({ clearedCount: 5, sparedCount: 1 })
    expect(await left(world)).toEqual([3])
    // The first look at a record may be the comparison in the cache itself.
    if (urls === 'set') expect(judge.judged).not.toContain(3)
  })

  it('removes all of what is still stale, and counts none as spared', async () => {
    const world = await begin()
    const judge = judgeThatFrees()
    const report = await world.clearer.clear(await world.records(), { ...ADMIN, ...judge })
    expect(report).toMatchObject({ clearedCount: 6, sparedCount: 0 })
    expect(await left(world)).toEqual([])
    expect([...new Set(judge.judged)].sort()).toEqual([0, 1, 2, 3, 4, 5])
  })

  it('removes nothing that cannot be judged', async () => {
    const world = await begin()
    const rejudge = () => Promise.reject(new UnavailableError('DATABASE_UNAVAILABLE', 'no answer'))
    await expect(world.clearer.clear(await world.records(), { ...ADMIN, rejudge })).rejects.toMatchObject({
      code: 'DATABASE_UNAVAILABLE',
      clearedCount: 0,
    })
    expect(await left(world)).toEqual([0, 1, 2, 3, 4, 5])
    expect(world.clears()).toEqual([])
  })

  it('counts no record that has gone meanwhile', async () => {
    const world = await begin()
    const chosen = await world.records()
    const [first] = chosen
    world.keyspace.delete(first?.key ?? '')
    const report = await world.clearer.clear(chosen, { ...ADMIN, ...judgeThatFrees() })
    expect(report.sparedCount).toBe(0)
    expect(report.clearedCount).toBeLessThanOrEqual(6)
    expect(await left(world)).toEqual([])
  })

  it('leaves a pin that was made while the others were judged, though one route would clear them all', async () => {
    const world = await begin()
    const [old] = requests
    const newcomer = { ...(old ?? expect.fail('There are six requests.')), apiKeyId: 'api-key-30' }
    const rejudge = async (records: readonly AffinityRecord[]) => {
      await world.where([newcomer])
      await expect
        .poll(() => world.records(({ affinityKey }) => affinityKey === 'api-key-30'))
        .toHaveLength(1)
      return records
    }
    const report = await world.clearer.clear(await world.records(), { ...ADMIN, rejudge })
    expect(report).toMatchObject({ clearedCount: 6, sparedCount: 0 })
    expect((await world.records()).map(({ affinityKey }) => affinityKey)).toEqual(['api-key-30'])
  })

  it('counts what left a filter by its pin as well', async () => {
    const world = await begin()
    const chosen = await world.records()
    const moved = chosen.find((record) => numberOf(record) === 1)
    if (!moved) throw new Error('There are six pins.')
    const value = JSON.parse(world.keyspace.get(moved.key) ?? '{}')
    world.keyspace.set(moved.key, JSON.stringify({ ...value, key_id: NEW.providerKeyId }), 300)
    const isSelected = ({ providerKeyId }: AffinityRecord) => providerKeyId === OLD.providerKeyId
    const report = await world.clearer.clear(chosen, { ...ADMIN, isSelected })
    expect(report).toMatchObject({ clearedCount: 5, sparedCount: 1 })
    expect(await left(world)).toEqual([1])
  })
})

describe.each(PLACES.filter(([, urls]) => urls === 'set'))(
  'a clear by a filter beside %s, when a pin is made after its routes were chosen,',
  (generation) => {
    const requests = generation === 'PROCESS_MEMORY' ? sessionsOf(6) : requestsOf(6)
    const [first = expect.fail('There are six requests.')] = requests
    const isMeant = ({ apiFormat }: AffinityRecord) => apiFormat === 'CLAUDE'
    /** A pin of the same provider and API key: one route would clear it with the others. */
    const begin = async (newcomer: Partial<StandInRequest>) => {
      const made = { ...first, ...newcomer }
      const world: World = await createWorld(generation, {
        windowSeconds: 1,
        async onPlan() {
          await world.where([made])
          await expect.poll(() => world.records(isOf(made))).toHaveLength(1)
        },
      })
      await world.where(requests)
      return { world, isMade: isOf(made), chosen: await world.records() }
    }
    const isOf =
      ({ apiFormat, model }: StandInRequest) =>
      (record: AffinityRecord): boolean =>
        record.apiFormat === apiFormat && record.modelId === model

    it('leaves one that the filter does not mean, and clears the others one by one', async () => {
      const { world, isMade, chosen } = await begin({ apiFormat: 'OPENAI' })
      const report = await world.clearer.clear(chosen, { ...ADMIN, isMeant })
      expect(report).toMatchObject({ clearedCount: 6, sparedCount: 0 })
      expect((await world.records()).map(isMade)).toEqual([true])
      expect(world.clears().filter((call) => !call.startsWith('DELETE /affinity/'))).toEqual([])
    })

    it('is called by the route of the provider that was asked for, whatever has moved away from it', async () => {
      const { world, chosen } = await begin({ model: 'another' })
      const [moved] = chosen
      const value = JSON.parse(world.keyspace.get(moved?.key ?? '') ?? '{}')
      world.keyspace.set(moved?.key ?? '', JSON.stringify({ ...value, provider_id: NEW.providerId }), 300)
      const isSelected = ({ providerId }: AffinityRecord) => providerId === OLD.providerId
      const asked = { kind: 'provider', providerId: OLD.providerId } as const
      await world.clearer.clear(chosen, { ...ADMIN, asked, isSelected, isMeant: isSelected })
      expect(world.clears().map((call) => call.replace(OLD.providerId, '…'))).toEqual(['DELETE /providers/…'])
    })

    it('takes one that the filter means along, by the one route for all', async () => {
      const { world, chosen } = await begin({ model: 'another' })
      await world.clearer.clear(chosen, { ...ADMIN, isMeant })
      expect(await world.records()).toEqual([])
      expect(world.clears().filter((call) => call.startsWith('DELETE /affinity/'))).toEqual([])
    })
  },
)

describe('a clear by a filter beside PROCESS_MEMORY', () => {
  it('leaves a pin without a session, and says so, when a session of its name is pinned elsewhere than is meant', async () => {
    const [plain = expect.fail('There is a request.'), other] = [...requestsOf(1), ...requestsOf(2).slice(1)]
    const [session = expect.fail('There is a session.')] = sessionsOf(1)
    const world: World = await createWorld('PROCESS_MEMORY', {
      windowSeconds: 1,
      async onPlan() {
        await world.where([session])
        await expect
          .poll(() => world.records(({ extra }) => extra?.['sessionHash'] !== undefined))
          .toHaveLength(1)
      },
    })
    await world.where(other ? [plain, other] : [plain])
    const isMeant = ({ family, affinityKey }: AffinityRecord) =>
      family === 'scheduler_affinity' && affinityKey === plain.apiKeyId
    const report = await world.clearer.clear(await world.records(isMeant), { ...ADMIN, isMeant })
    expect(report.clearedCount).toBe(0)
    expect(report.warnings.map(({ code }) => code)).toContain('NOT_CLEARABLE')
    expect(await world.records()).toHaveLength(3)
    expect(world.clears()).toEqual([])
  })

  it('spares a pin that has moved within its endpoint since its route was chosen', async () => {
    const requests = sessionsOf(2)
    const isSession = ({ family }: AffinityRecord) => family === 'scheduler_affinity_v2'
    const world: World = await createWorld('PROCESS_MEMORY', {
      windowSeconds: 1,
      async onPlan() {
        const [moved] = await world.records((one) => isSession(one) && numberOf(one) === 1)
        const value = JSON.parse(world.keyspace.get(moved?.key ?? '') ?? '{}')
        world.keyspace.set(moved?.key ?? '', JSON.stringify({ ...value, key_id: NEW.providerKeyId }), 300)
      },
    })
    await world.where([...requests, ...requestsOf(2)])
    const isSelected = (one: AffinityRecord) => one.providerKeyId === OLD.providerKeyId && isSession(one)
    const report = await world.clearer.clear(await world.records(isSelected), {
      ...ADMIN,
      isSelected,
      isMeant: isSelected,
    })
    expect(report).toMatchObject({ clearedCount: 1, sparedCount: 1 })
    expect((await world.records(isSession)).map(numberOf)).toEqual([1])
  })
})

describe('a clear by verdict of pins with and without a session of one name, beside PROCESS_MEMORY,', () => {
  const sessions = sessionsOf(3)
  const plain = requestsOf(1)
  const isPlain = ({ family }: AffinityRecord) => family === 'scheduler_affinity'
  /** Says that a session is no longer stale. */
  const freeing = (usable: number) => ({
    rejudge: async (records: readonly AffinityRecord[]) =>
      records.filter((record) => isPlain(record) || numberOf(record) !== usable),
  })
  const hashes = async (world: World) => (await world.records((one) => !isPlain(one))).map(numberOf).sort()

  it.each([
    ['by the route of its provider', []],
    // Another format of the same API key stays, so that neither it nor the provider goes by one call.
    ['one by one', requestsOf(1, { apiFormat: 'OPENAI' })],
  ])('clears no session that is spared, %s', async (_how, others) => {
    const world = await createWorld('PROCESS_MEMORY', { windowSeconds: 1 })
    await world.where([...sessions, ...plain, ...others])
    const chosen = await world.records(({ apiFormat }) => apiFormat === 'CLAUDE')
    const report = await world.clearer.clear(chosen, { ...ADMIN, ...freeing(1) })
    expect(await hashes(world)).toEqual([1])
    expect(report).toMatchObject({ clearedCount: 2, sparedCount: 1 })
    // The route of the pin without a session would clear that one as well.
    expect(await world.records(isPlain)).toHaveLength(1 + others.length)
    expect(report.warnings.map(({ code }) => code)).toEqual(['NOT_CLEARABLE', 'NOT_IMMEDIATE'])
  })

  it('clears the pin without a session where all of its name are still meant', async () => {
    const world = await createWorld('PROCESS_MEMORY', { windowSeconds: 1 })
    await world.where([...sessions, ...plain, ...requestsOf(1, { apiFormat: 'OPENAI' })])
    const chosen = await world.records(({ apiFormat }) => apiFormat === 'CLAUDE')
    const report = await world.clearer.clear(chosen, { ...ADMIN, ...freeing(9) })
    expect(report).toMatchObject({ clearedCount: 4, sparedCount: 0 })
    expect((await world.records()).map(({ apiFormat }) => apiFormat)).toEqual(['OPENAI'])
  })
})
