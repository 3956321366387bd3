import { describe, expect, it } from 'vitest'
import type { AffinityRecord } from '../../../src/affinities/affinity-record.js'
import type { ClearReport } from '../../../src/affinities/clear/clear-report.js'
import { all, createWorld, NEW, OLD, requestsOf } from './gateway-world.js'

const ADMIN = { actorId: 'root' }
const STATIC = { actorId: null }
const codes = ({ warnings }: Pick<ClearReport, 'warnings'>) => warnings.map(({ code }) => code)
const ofKeys =
  (...numbers: number[]) =>
  ({ affinityKey }: AffinityRecord): boolean =>
    numbers.some((n) => affinityKey === `api-key-${n}`)

describe.each(['ENDPOINT_KEYS', 'PROVIDER_KEYS'] as const)('a clear at %s', (generation) => {
  it('of pins in use does not hold without the gateway: it says so, and counts them', async () => {
    const world = await createWorld(generation, { urls: 'none', windowSeconds: 6 })
    const requests = requestsOf(3)
    await world.where(requests)
    await world.traffic(requests)
    world.prefer()
    const report = await world.clearer.clear(await world.records(), ADMIN)
    expect(report).toMatchObject({ clearedCount: 3, nodes: [] })
    expect(codes(report)).toEqual(['MAY_RETURN'])
    expect(report.warnings[0]?.message).toContain('Set GATEWAY_URLS')
    expect(await report.writtenBack).toBe(3)
    expect(await world.where(requests)).toEqual(all(OLD.providerKeyId, 3))
  })

  it('of pins in use holds with it, for workers that both use them', async () => {
    const world = await createWorld(generation)
    const [requests, others] = [requestsOf(4), requestsOf(8).slice(4)]
    await world.where([...requests, ...others])
    await world.traffic([...requests, ...others])
    world.prefer()
    const chosen = await world.records(ofKeys(0, 1, 2, 3))
    const report = await world.clearer.clear(chosen, ADMIN)
    expect(report).toMatchObject({ clearedCount: 4, warnings: [], nodes: [{ ok: true }] })
    expect(await report.writtenBack).toBe(0)
    expect(await world.where(requests)).toEqual(all(NEW.providerKeyId, 4))
    expect(await world.where(others)).toEqual(all(OLD.providerKeyId, 4))
    expect(world.servers[0]?.calls.length).toBeLessThanOrEqual(25)
  })

  it('of pins that nobody uses for three seconds holds in any case', async () => {
    const world = await createWorld(generation, { urls: 'none', windowSeconds: 4 })
    const requests = requestsOf(3)
    await world.where(requests)
    await world.pass(61)
    world.prefer()
    const report = await world.clearer.clear(await world.records(), ADMIN)
    expect(report).toMatchObject({ clearedCount: 3, warnings: [] })
    expect(await world.where(requests)).toEqual(all(NEW.providerKeyId, 3))
    expect(await report.writtenBack).toBe(0)
  })

  it('of everything is one flush, again while nothing but write-backs is there, and holds', async () => {
    const world = await createWorld(generation)
    const requests = requestsOf(6)
    await world.where(requests)
    await world.traffic(requests)
    world.prefer()
    const report = await world.clearer.clearAll(ADMIN)
    expect(report).toMatchObject({ clearedCount: 6, warnings: [], nodes: [{ ok: true, clearedCount: 6 }] })
    expect(world.clears()[0]).toBe('DELETE ')
    expect(await report.writtenBack).toBe(0)
    expect(await world.where(requests)).toEqual(all(NEW.providerKeyId, 6))
  })

  it('leaves the pin of a request that was under way for longer than the memory: it is a new one', async () => {
    const world = await createWorld(generation, { windowSeconds: 10 })
    const [request] = requestsOf(1)
    if (!request) return
    await world.where([request])
    const underWay = await world.gateways[0]?.begin(request)
    await world.pass(4)
    const report = await world.clearer.clear(await world.records(), ADMIN)
    await underWay?.finish()
    expect(await report.writtenBack).toBe(0)
    expect(await world.records()).toMatchObject([{ providerKeyId: OLD.providerKeyId, requestCount: 1 }])
  })

  it('calls the gateway before Redis, by the cheapest routes, each on a connection of its own', async () => {
    const world = await createWorld(generation)
    await world.where([...requestsOf(3), ...requestsOf(3, { model: 'second' })])
    const { clearedCount } = await world.clearer.clear(await world.records(ofKeys(0, 1)), ADMIN)
    expect(clearedCount).toBe(4)
    expect(world.clears().sort()).toEqual(['DELETE /users/api-key-0', 'DELETE /users/api-key-1'])
    const calls = world.servers[0]?.calls ?? []
    expect(new Set(calls.map(({ connection }) => connection)).size).toBe(calls.length)
  })

  it('with a node away removes from Redis all the same', async () => {
    const world = await createWorld(generation, { gateways: 2, windowSeconds: 1 })
    await world.where(requestsOf(3))
    await world.servers[1]?.close()
    const report = await world.clearer.clear(await world.records(), ADMIN)
    expect(report).toMatchObject({
      clearedCount: 3,
      nodes: [{ ok: true }, { ok: false, clearedCount: null }],
    })
    expect(codes(report)).toEqual(['NODES_MISSED'])
    expect(report.warnings[0]?.message).toContain(world.servers[1]?.url)
    expect(await world.records()).toEqual([])
    await world.servers[0]?.close()
    await world.pass(70)
    await world.where(requestsOf(2))
    expect(await world.clearer.clear(await world.records(), ADMIN)).toMatchObject({
      clearedCount: 2,
      nodes: [{ ok: false }, { ok: false }],
    })
    await world.pass(70)
    await world.where(requestsOf(2))
    expect(await world.clearer.clearAll(ADMIN)).toMatchObject({
      clearedCount: 2,
      nodes: [{ ok: false }, { ok: false }],
    })
  })

  it('of more single pins than the budget allows removes from Redis, and calls for those that come back', async () => {
    const world = await createWorld(generation)
    const requests = requestsOf(30)
    await world.where([...requests, ...requestsOf(30, { model: 'other' })])
    const chosen = await world.records(({ modelId }) => modelId === 'model')
    world.prefer()
    const report = await world.clearer.clear(chosen, ADMIN)
    // Nobody was called yet, so nobody is said to have done anything.
    expect(report).toMatchObject({ clearedCount: 30, nodes: [] })
    expect(codes(report)).toEqual(['MAY_RETURN'])
    expect(world.clears()).toEqual([])
    await world.where(requests.slice(0, 2))
    await expect.poll(() => world.clears().length).toBeGreaterThan(0)
    expect(world.clears().every((call) => /^DELETE \/affinity\/api-key-[01]\//.test(call))).toBe(true)
  })

  it('leaves a pin that moved to another provider while the gateway was called', async () => {
    const world = await createWorld(generation, { windowSeconds: 1 })
    await world.where(requestsOf(2))
    const [moved] = await world.records()
    if (!moved || !world.nodes) throw new Error('There is no pin.')
    Object.assign(world.nodes, {
      clear: async () => {
        const value = JSON.parse(world.keyspace.get(moved.key) ?? '{}')
        const later = { provider_id: NEW.providerId, created_at: Number(value.created_at) + 1 }
        world.keyspace.set(moved.key, JSON.stringify({ ...value, ...later }), 300)
        return {
          nodes: [{ url: 'http://node', ok: false, clearedCount: null, error: 'away' }],
          done: new Map(),
        }
      },
    })
    const isSelected = ({ providerId }: AffinityRecord) => providerId === OLD.providerId
    const report = await world.clearer.clear(await world.records(), { ...ADMIN, isSelected })
    expect(report.clearedCount).toBe(1)
    await world.pass(2)
    expect((await world.records()).map(({ key, providerId }) => [key, providerId])).toEqual([
      [moved.key, NEW.providerId],
    ])
  })

  it('of everything lets new pins live, also those of a gateway whose clock is 30 s behind', async () => {
    const world = await createWorld(generation, { windowSeconds: 3, secondsBehind: [30] })
    const requests = requestsOf(3)
    await world.where(requests)
    world.prefer()
    const report = await world.clearer.clearAll(ADMIN)
    expect(report.clearedCount).toBe(3)
    await world.pass(1)
    expect(await world.where(requests)).toEqual(all(NEW.providerKeyId, 3))
    expect(await report.writtenBack).toBe(0)
    expect(await world.records()).toHaveLength(3)
  })

  it('of everything goes by the clock of the gateway that wrote each pin', async () => {
    // The second gateway is half a minute behind: by the first one's clock its new pins are older than what was cleared.
    const world = await createWorld(generation, { gateways: 2, windowSeconds: 3, secondsBehind: [0, 30] })
    const [ofFirst, ofSecond] = [requestsOf(3), requestsOf(6).slice(3)]
    await world.where(ofFirst)
    await world.where(ofSecond, 1)
    world.prefer()
    const report = await world.clearer.clearAll(ADMIN)
    expect(report.clearedCount).toBe(6)
    await world.pass(1)
    await world.where(ofSecond, 1)
    await world.where(requestsOf(7).slice(6), 1)
    expect(await report.writtenBack).toBe(0)
    expect(await world.records()).toHaveLength(4)
  })

  it('names a record that no route can name, and removes it from Redis', async () => {
    const world = await createWorld(generation, { windowSeconds: 1 })
    await world.where([...requestsOf(2, { model: 'vendor/model-x' }), ...requestsOf(2)])
    const chosen = await world.records(({ modelId }) => modelId.includes('/'))
    const report = await world.clearer.clear(chosen, ADMIN)
    expect(report.clearedCount).toBe(2)
    expect(codes(report)).toEqual(['NOT_CLEARABLE'])
    expect(report.warnings[0]?.message).toContain('api-key-0 / CLAUDE / vendor/model-x')
    expect(world.clears()).toEqual([])
    expect(await world.records()).toHaveLength(2)
  })

  it('calls no node in a dry run, and says what the clear would', async () => {
    const world = await createWorld(generation)
    await world.where([...requestsOf(2, { model: 'vendor/model-x' }), ...requestsOf(2)])
    const chosen = await world.records(({ modelId }) => modelId.includes('/'))
    const forecast = await world.clearer.foresee(chosen, ADMIN)
    expect(forecast.clearedCount).toBe(2)
    expect(codes(forecast)).toEqual(['NOT_CLEARABLE'])
    expect(await world.clearer.foreseeAll(ADMIN)).toEqual({ clearedCount: 4, warnings: [] })
    expect(world.servers[0]?.calls).toEqual([])
    const alone = await createWorld(generation, { urls: 'none' })
    await alone.where(requestsOf(2))
    expect(codes(await alone.clearer.foresee(await alone.records(), ADMIN))).toEqual(['MAY_RETURN'])
    expect(codes(await alone.clearer.foreseeAll(ADMIN))).toEqual(['MAY_RETURN'])
  })

  it('does not lose a count where a pin moved meanwhile', async () => {
    const world = await createWorld(generation, { windowSeconds: 1 })
    await world.where(requestsOf(3))
    const chosen = await world.records()
    const moved = chosen.map((record) => ({ ...record, providerId: 'elsewhere' }))
    const isSelected = ({ providerId }: AffinityRecord) => providerId === 'elsewhere'
    expect(await world.clearer.clear(moved, { ...ADMIN, isSelected })).toMatchObject({ clearedCount: 0 })
    expect(await world.records()).toHaveLength(3)
    expect(world.clears()).toEqual([])
  })
})

describe('the administrator’s own token', () => {
  const accepting = {
    token: undefined,
    standIn: { acceptsAccessToken: async (token: string) => token === 'signed-for-root' },
  }

  it('clears at the oldest generation where no other is set; a static token’s clear is an UNLINK', async () => {
    const world = await createWorld('ENDPOINT_KEYS', { ...accepting, windowSeconds: 1 })
    await world.where(requestsOf(2))
    expect(await world.clearer.clear(await world.records(), ADMIN)).toMatchObject({
      clearedCount: 2,
      nodes: [{ ok: true }],
    })
    await world.pass(10)
    await world.where(requestsOf(2))
    const calls = world.clears().length
    const report = await world.clearer.clear(await world.records(), STATIC)
    expect(report).toMatchObject({ clearedCount: 2, nodes: [] })
    expect(report.warnings[0]?.message).toContain(
      'Clear as an administrator who signed in, or set GATEWAY_TOKEN',
    )
    expect(world.clears()).toHaveLength(calls)
  })

  it('is none at the next generation', async () => {
    const world = await createWorld('PROVIDER_KEYS', { ...accepting, windowSeconds: 1 })
    await world.where(requestsOf(2))
    const report = await world.clearer.clear(await world.records(), ADMIN)
    expect(report).toMatchObject({ clearedCount: 2, nodes: [], warnings: [{ code: 'MAY_RETURN' }] })
    expect(report.warnings[0]?.message).toContain('Set GATEWAY_TOKEN')
  })
})
