import { describe, expect, it } from 'vitest'
import type { AffinityRecord } from '../../../src/affinities/affinity-record.js'
import type { ClearReport } from '../../../src/affinities/clear/clear-report.js'
import type { StandInRequest } from '../../../src/demo/stand-in/process.js'
import { UnavailableError } from '../../../src/errors.js'
import { EVERY_RIGHT, TOKEN } from '../../gateway/nodes/nodes-support.js'
import { all, createWorld, NEW, OLD, requestsOf, sessionsOf, type World } from './gateway-world.js'

const ADMIN = { actorId: 'root' }
const codes = ({ warnings }: Pick<ClearReport, 'warnings'>) => warnings.map(({ code }) => code)
const RUST = 'PROCESS_MEMORY'
const ofSessions =
  (requests: readonly StandInRequest[]) =>
  ({ extra }: AffinityRecord): boolean =>
    requests.some(({ sessionHash }) => extra?.['sessionHash'] === sessionHash)

/** Serves each session so often; from then on, new pins go elsewhere. */
async function pinned(
  world: World,
  requests: readonly StandInRequest[],
  times: number,
  gateway = 0,
): Promise<void> {
  for (let time = 0; time < times; time += 1) await world.where(requests, gateway)
  world.prefer()
}

const failureOf = (run: Promise<unknown>): Promise<UnavailableError> =>
  run.then(
    () => expect.fail('it did not fail'),
    (error: unknown) => (error instanceof UnavailableError ? error : Promise.reject(error)),
  )

describe('a clear at PROCESS_MEMORY', () => {
  const requests = sessionsOf(6)

  it('is refused without the gateway’s nodes, with what to set; Redis is not touched', async () => {
    for (const options of [{ urls: 'none' }, { token: undefined }] as const) {
      const world = await createWorld(RUST, options)
      await pinned(world, requests, 1)
      const failure = await failureOf(world.clearer.clear(await world.records(), ADMIN))
      expect(failure).toMatchObject({ code: 'GATEWAY_UNAVAILABLE', clearedCount: 0, nodes: [] })
      expect(failure.message).toMatch(/Set GATEWAY_URLS .*GATEWAY_TOKEN.*admin:monitoring:write/)
      expect(await failureOf(world.clearer.clearAll(ADMIN))).toMatchObject({ code: 'GATEWAY_UNAVAILABLE' })
      expect(await world.records()).toHaveLength(6)
      const forecast = await world.clearer.foresee(await world.records(), ADMIN)
      expect([forecast.clearedCount, codes(forecast)]).toEqual([6, ['NODES_MISSED']])
    }
  })

  it('by an UNLINK alone would do nothing', async () => {
    const world = await createWorld(RUST)
    await pinned(world, requests, 1)
    for (const { key } of await world.records()) world.keyspace.delete(key)
    expect(await world.where(requests)).toEqual(all(OLD.providerKeyId, 6))
    expect(await world.records()).toHaveLength(6)
  })

  it('moves sessions that were served once; those that were served twice go on, and the clear says so', async () => {
    const world = await createWorld(RUST, { windowSeconds: 2 })
    const [once, twice] = [sessionsOf(3), sessionsOf(6).slice(3)]
    await world.where(twice)
    await pinned(world, [...once, ...twice], 1)
    const report = await world.clearer.clear(await world.records(), ADMIN)
    expect(report).toMatchObject({
      clearedCount: 6,
      nodes: [{ ok: true, clearedCount: 6 }],
      wroteApiKey: null,
    })
    expect(codes(report)).toEqual(['NOT_IMMEDIATE'])
    expect(report.warnings[0]?.message).toMatch(
      /CLEAR_AT_ONCE=true.*admin:users:write.*CACHE_STALE_TTL_MS=1000/,
    )
    expect(await world.records()).toEqual([])
    expect(await world.where(once)).toEqual(all(NEW.providerKeyId, 3))
    expect(await world.where(twice)).toEqual(all(OLD.providerKeyId, 3))
    expect(await report.writtenBack).toBe(0)
  })

  it('acts at once with CLEAR_AT_ONCE, by the present name of an API key, and others keep their pins', async () => {
    const world = await createWorld(RUST, { clearsAtOnce: true, gateways: 2, windowSeconds: 2 })
    const [cleared, others] = [sessionsOf(3), sessionsOf(6).slice(3)]
    await pinned(world, [...cleared, ...others], 2)
    const report = await world.clearer.clear(await world.records(ofSessions(cleared)), ADMIN)
    expect(report).toMatchObject({ clearedCount: 3, wroteApiKey: 'api-key-0' })
    expect(codes(report)).toEqual(['MIRROR_ONLY'])
    for (const { calls } of world.servers) {
      expect(calls.at(-1)).toMatchObject({
        method: 'PUT',
        target: '/api/admin/users/user-0/api-keys/api-key-0',
        body: '{"name":"its name"}',
      })
    }
    expect(await world.where(cleared)).toEqual(all(NEW.providerKeyId, 3))
    expect(await world.where(cleared)).toEqual(all(NEW.providerKeyId, 3))
    expect(await world.where(others)).toEqual(all(OLD.providerKeyId, 3))
  })

  it('that may not act at once says so', async () => {
    const standIn = { tokens: [{ token: TOKEN, permissions: EVERY_RIGHT.slice(0, 2) }] }
    const world = await createWorld(RUST, { clearsAtOnce: true, standIn, windowSeconds: 2 })
    await pinned(world, requests, 2)
    const report = await world.clearer.clear(await world.records(), ADMIN)
    expect(report).toMatchObject({ clearedCount: 6, nodes: [{ ok: true }], wroteApiKey: null })
    expect(report.warnings).toMatchObject([
      { code: 'NOT_IMMEDIATE', message: expect.stringContaining('it refused the token (status 403)') },
    ])
    await world.nodes?.check()
    expect(codes(await world.clearer.foresee(await world.records(), ADMIN))).toEqual(['NOT_IMMEDIATE'])
  })

  it('of everything acts at once, and takes the mirrors of other epochs with it', async () => {
    const world = await createWorld(RUST, { windowSeconds: 2 })
    await world.where(sessionsOf(12).slice(6))
    world.gateways[0]?.restart()
    await pinned(world, requests, 2)
    expect(await world.records()).toHaveLength(12)
    const report = await world.clearer.clearAll(ADMIN)
    expect(report).toMatchObject({ clearedCount: 12, warnings: [], nodes: [{ ok: true, clearedCount: 6 }] })
    expect(await world.records()).toEqual([])
    expect(await world.where(requests)).toEqual(all(NEW.providerKeyId, 6))
    expect(await report.writtenBack).toBe(0)
  })

  it('removes the mirrors that a restart has left, though no process knows them', async () => {
    const world = await createWorld(RUST, { windowSeconds: 2 })
    await pinned(world, requests, 1)
    world.gateways[0]?.restart()
    expect(await world.clearer.clear(await world.records(), ADMIN)).toMatchObject({
      clearedCount: 6,
      nodes: [{ ok: true }],
    })
    expect(await world.records()).toEqual([])
  })

  it('calls every node, by the session, and names one that is away', async () => {
    const world = await createWorld(RUST, { gateways: 2, windowSeconds: 3 })
    await world.where(requests, 0)
    await pinned(world, requests, 1, 1)
    // The gateway tells whole seconds: what is as old as the clear could be either.
    await world.pass(2)
    const chosen = sessionsOf(2)
    const report = await world.clearer.clear(await world.records(ofSessions(chosen)), ADMIN)
    expect(report).toMatchObject({ clearedCount: 2, nodes: [{ ok: true }, { ok: true }] })
    expect(codes(report)).toEqual(['MIRROR_ONLY', 'NOT_IMMEDIATE'])
    const one = (n: number) =>
      `DELETE /affinity/api-key-0/endpoint-1/model/CLAUDE?client_family=codex&session_hash=${chosen[n]?.sessionHash}`
    expect(world.clears().sort()).toEqual([one(0), one(0), one(1), one(1)])
    await world.servers[1]?.close()
    const second = await world.clearer.clear(await world.records(), ADMIN)
    expect(second).toMatchObject({ clearedCount: 4, nodes: [{ ok: true }, { ok: false }] })
    expect(codes(second)).toEqual(['NODES_MISSED', 'MIRROR_ONLY', 'NOT_IMMEDIATE'])
    // The node that was missed goes on with what it has, and writes its mirrors again.
    await world.where(sessionsOf(6).slice(2), 1)
    expect(await second.writtenBack).toBe(4)
  })

  it('claims nothing, and leaves the mirrors, where only the node that was missed can have the pins', async () => {
    const world = await createWorld(RUST, { gateways: 2, windowSeconds: 2 })
    await pinned(world, requests, 1, 1)
    await world.servers[1]?.close()
    const report = await world.clearer.clear(await world.records(), ADMIN)
    expect(report).toMatchObject({ clearedCount: 0, nodes: [{ ok: true }, { ok: false }] })
    expect(codes(report)).toContain('NODES_MISSED')
    expect(await world.records()).toHaveLength(6)
  })

  it('calls no route of an API key for chosen pins: another node may have some that the mirror does not show', async () => {
    const world = await createWorld(RUST, { gateways: 2, windowSeconds: 2 })
    await pinned(world, requests, 1)
    await world.clearer.clear(await world.records(), ADMIN)
    expect(world.clears().filter((call) => call.includes('/users/'))).toEqual([])
    expect(world.clears()).toHaveLength(12)
  })

  it('that no node does is GATEWAY_UNAVAILABLE with each one’s reason, and Redis is not touched', async () => {
    const world = await createWorld(RUST, { gateways: 2 })
    await pinned(world, requests, 1)
    await world.servers[1]?.close()
    const [first] = world.servers
    if (first) {
      first.interfere = (_request, response) => {
        response.writeHead(403).end('{}')
        return true
      }
    }
    const chosen = await world.records()
    for (const run of [() => world.clearer.clear(chosen, ADMIN), () => world.clearer.clearAll(ADMIN)]) {
      const failure = await failureOf(run())
      expect(failure).toMatchObject({
        code: 'GATEWAY_UNAVAILABLE',
        clearedCount: 0,
        nodes: [{ ok: false }, { ok: false }],
      })
      expect(failure.message).toContain('it refused the token (status 403)')
      expect(failure.message).toContain('Redis was not touched')
    }
    expect(await world.records()).toHaveLength(6)
  })

  it('of a provider or an API key reaches what the mirror does not show', async () => {
    const world = await createWorld(RUST, { gateways: 2, windowSeconds: 2 })
    // The second node pins the same sessions elsewhere, and writes the mirror last.
    await world.where(requests, 0)
    world.prefer()
    await world.where(requests, 1)
    expect(await world.records(({ providerId }) => providerId === OLD.providerId)).toEqual([])
    const asked = { kind: 'provider', providerId: OLD.providerId } as const
    const report = await world.clearer.clear([], { ...ADMIN, asked })
    expect(report).toMatchObject({
      clearedCount: 6,
      nodes: [
        { ok: true, clearedCount: 6 },
        { ok: true, clearedCount: 0 },
      ],
    })
    expect(codes(report)).toEqual(['NOT_IMMEDIATE'])
    expect(await world.where(requests, 0)).toEqual(all(NEW.providerKeyId, 6))
    const keys = { kind: 'apiKeys', ids: ['api-key-0'] } as const
    expect(codes(await world.clearer.clear([], { ...ADMIN, asked: keys }))).toEqual(['NOT_IMMEDIATE'])
    expect(world.clears().filter((call) => call === 'DELETE /users/api-key-0')).toHaveLength(2)
  })

  it('leaves what no route can clear alone, counts it and names it', async () => {
    const world = await createWorld(RUST, { windowSeconds: 2 })
    const odd = ['vendor/model-x', '模型', 'a?client_family=x', '..', '%2e%2e', 'weird*[a-z]?\\name']
    const strange = odd.flatMap((model) => sessionsOf(1, { model }))
    await pinned(world, [...requests, ...strange], 1)
    const chosen = await world.records(({ modelId }) => odd.includes(modelId))
    expect(chosen).toHaveLength(6)
    const forecast = await world.clearer.foresee(chosen, ADMIN)
    expect([forecast.clearedCount, codes(forecast)]).toEqual([0, ['NOT_CLEARABLE', 'NOT_IMMEDIATE']])
    expect(world.clears()).toEqual([])
    const report = await world.clearer.clear(chosen, ADMIN)
    expect(report.clearedCount).toBe(0)
    expect(report.warnings[0]).toMatchObject({
      code: 'NOT_CLEARABLE',
      message: expect.stringMatching(/^6 affinities cannot be cleared alone.*and 3 more/),
    })
    expect(world.clears()).toEqual([])
    expect(await world.records()).toHaveLength(12)
    // The whole API key can be: then they are meant as well.
    expect(await world.clearer.clear(await world.records(), ADMIN)).toMatchObject({ clearedCount: 12 })
    expect(world.clears()).toHaveLength(1)
  })

  it('of a pin without a session is none of the sessions beside it', async () => {
    const world = await createWorld(RUST, { windowSeconds: 2 })
    await pinned(world, [...requests, ...requestsOf(1, { apiKeyId: 'api-key-9' })], 1)
    await world.clearer.clear(await world.records(ofSessions(requests.slice(0, 1))), ADMIN)
    const left = await world.records()
    expect(left.map(({ family }) => family).sort()).toEqual([
      'scheduler_affinity',
      ...Array<string>(5).fill('scheduler_affinity_v2'),
    ])
  })

  it('ends between two calls when the service stops, and says what is cleared', async () => {
    const world = await createWorld(RUST, { windowSeconds: 2 })
    await pinned(world, requests, 1)
    const chosen = await world.records(ofSessions(requests.slice(0, 3)))
    world.stop.stop()
    expect(await failureOf(world.clearer.clear(chosen, ADMIN))).toMatchObject({
      code: 'OUTCOME_UNKNOWN',
      message: expect.stringContaining('was stopped in the middle of the clear'),
      clearedCount: 1,
      nodes: [{ ok: true }],
    })
    expect(world.clears()).toHaveLength(1)
    expect(await world.records()).toHaveLength(5)
    // What takes one call is finished.
    expect(await world.clearer.clearAll(ADMIN)).toMatchObject({ clearedCount: 5 })
  })

  it('behind a balancer says that it reached one process alone', async () => {
    const world = await createWorld(RUST, { standIn: { processes: 2 }, windowSeconds: 2 })
    await pinned(world, requests, 3)
    for (const request of requests) await world.gateways[0]?.serve(request, 1)
    await world.nodes?.check()
    const forecast = await world.clearer.foresee(await world.records(), ADMIN)
    expect(codes(forecast)).toEqual(['NODES_MISSED', 'NOT_IMMEDIATE'])
    expect(forecast.warnings[0]?.message).toContain('several processes')
  })
})
