import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.js'
import { type Pin, writePin } from '../support/pin.js'
import { subscribe } from '../support/subscribe.js'
import { sql } from './affinity-model.js'

const ANTHROPIC = '42a90167-8c53-4a24-b4e4-2b0c84578881'
const FOLLOW_UP = `cleared repinnedElsewhere repinnedSame repinnedSameKey notSeenSince since watchedUntil
  byProvider { providerId provider { name } count } notSeenApiKeys { id }`

const start = async () => {
  const service = await startTestApp({ redis: 'empty' })
  onTestFinished(() => service.close())
  return service
}

/** Another instance on the same stores. */
const beside = ({ databaseUrl, redis }: TestApp) =>
  startTestApp({ redis: 'empty', databaseUrl, env: { REDIS_URL: redis.url } })

const until = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 10_000, interval: 50 })

/** Writes pins, and waits until the index has them. */
async function pin(service: TestApp, ...pins: readonly Pin[]): Promise<void> {
  const pipeline = service.redis.client().pipeline()
  for (const one of pins) writePin(pipeline, one)
  await pipeline.exec()
  await service.query('{ affinities { totalCount } }')
}

const pinsOf = (count: number, fields: Partial<Pin> = {}): Pin[] =>
  Array.from({ length: count }, (_, n) => ({ affinityKey: `key-${n}`, ...fields }))

async function clearProvider(service: TestApp, providerId: string, dryRun = false): Promise<string> {
  const { data } = await service.query(
    `mutation { clearProviderCache(providerId: "${providerId}", dryRun: ${dryRun}) { ... on ClearPayload { auditEvent { id } } } }`,
  )
  return data.clearProviderCache.auditEvent.id
}

async function followUp(service: TestApp, id: string) {
  const { data, errors, extensions } = await service.query(
    `{ auditEvent(id: "${id}") { followUp { ${FOLLOW_UP} } } }`,
  )
  expect(errors).toEqual([])
  return { ...data.auditEvent, note: extensions?.['followUp'] }
}

async function changes(service: TestApp, args = '(first: 1000)') {
  const { data, errors } = await service.query(
    `{ affinityChanges${args} { totalCount knownSince pageInfo { hasNextPage endCursor }
      nodes { id type affinityKey providerId previousProviderId previousProvider { name } auditEventId count modelName } } }`,
  )
  expect(errors).toEqual([])
  return data.affinityChanges
}

describe('AuditEvent.followUp', () => {
  it('tells who is elsewhere, who is there again and who was not seen', async () => {
    const service = await start()
    const [row] = await sql(service.databaseUrl, 'SELECT id FROM api_keys ORDER BY id LIMIT 1')
    const known = String(row?.id)
    await pin(service, ...pinsOf(4, { providerId: 'p' }), { affinityKey: known, providerId: 'p' })
    await pin(service, { affinityKey: 'other', providerId: 'untouched' })
    const id = await clearProvider(service, 'p')
    expect(await followUp(service, id)).toMatchObject({
      followUp: { cleared: 5, repinnedElsewhere: 0, notSeenSince: 5, byProvider: [] },
    })
    await pin(
      service,
      { affinityKey: 'key-0', providerId: ANTHROPIC },
      { affinityKey: 'key-1', providerId: 'p' },
    )
    await pin(service, { affinityKey: 'key-2', providerId: 'p' })
    await pin(service, { affinityKey: 'key-2', providerId: ANTHROPIC, requestCount: 2 })
    const { followUp: found } = await followUp(service, id)
    expect(found).toMatchObject({
      cleared: 5,
      repinnedElsewhere: 2,
      repinnedSame: 1,
      repinnedSameKey: 1,
      notSeenSince: 2,
      byProvider: [
        { providerId: ANTHROPIC, provider: { name: expect.any(String) }, count: 2 },
        { providerId: 'p', provider: null, count: 1 },
      ],
      notSeenApiKeys: [{ id: known }],
    })
    expect(Date.parse(found.watchedUntil) - Date.parse(found.since)).toBe(3_600_000)
  })

  it('is null for a dry run, and says so where another instance cleared', async () => {
    const service = await start()
    await pin(service, ...pinsOf(2))
    expect(await followUp(service, await clearProvider(service, 'p', true))).toEqual({ followUp: null })
    const id = await clearProvider(service, 'p')
    const other = await beside(service)
    onTestFinished(() => other.close())
    const { followUp: missing, note } = await followUp(other, id)
    expect([missing, note]).toMatchObject([
      null,
      { auditEventId: id, message: expect.stringContaining('This instance') },
    ])
    const stream = await subscribe(other, `subscription { clearFollowUp(auditEventId: "${id}") { cleared } }`)
    await until(() => expect(stream.answers()[0]?.errors[0].extensions.code).toBe('BAD_USER_INPUT'))
  })
})

describe('clearFollowUp', () => {
  it('tells the follow-up at once and at each change, and ends when changes are not seen', async () => {
    const service = await start()
    await pin(service, ...pinsOf(3))
    const id = await clearProvider(service, 'p')
    const stream = await subscribe(
      service,
      `subscription { clearFollowUp(auditEventId: "${id}") { cleared notSeenSince repinnedElsewhere } }`,
    )
    const last = () => stream.answers().at(-1)?.data?.clearFollowUp
    await until(() => expect(last()).toEqual({ cleared: 3, notSeenSince: 3, repinnedElsewhere: 0 }))
    await pin(service, ...pinsOf(3, { providerId: 'q' }))
    await until(() => expect(last()).toEqual({ cleared: 3, notSeenSince: 0, repinnedElsewhere: 3 }))
    // Three changes at once are one answer or two: the first is told at once, and the others a second later.
    expect(stream.answers().length).toBeLessThanOrEqual(3)
    await service.redis.kill()
    await until(() => expect(stream.hasEnded()).toBe(true))
    expect(stream.answers().at(-1).errors[0].extensions.code).toBe('CACHE_UNAVAILABLE')
  })
})

describe('affinityChanges', () => {
  it('lists switches, removals and clears, and a large clear as one', async () => {
    const service = await start()
    await pin(service, ...pinsOf(150), { affinityKey: 'moves', providerId: ANTHROPIC })
    await pin(service, { affinityKey: 'moves', providerId: 'q', requestCount: 2 })
    const large = await clearProvider(service, 'p')
    const small = await clearProvider(service, 'q')
    const { nodes, totalCount, knownSince } = await changes(service)
    expect(nodes).toMatchObject([
      { type: 'REMOVED', affinityKey: 'moves', providerId: 'q', auditEventId: small, count: 1 },
      { type: 'REMOVED', providerId: 'p', auditEventId: large, count: 150, previousProvider: null },
      {
        type: 'SWITCHED',
        affinityKey: 'moves',
        providerId: 'q',
        previousProviderId: ANTHROPIC,
        previousProvider: { name: expect.any(String) },
        auditEventId: null,
        count: 1,
        modelName: 'model',
      },
    ])
    expect(totalCount).toBe(3)
    expect(Date.parse(knownSince)).toBeLessThanOrEqual(Date.now())
    const idsOf = async (args: string) =>
      (await changes(service, args)).nodes.map(({ count }: { count: number }) => count)
    expect(await idsOf('(types: [SWITCHED])')).toEqual([1])
    expect(await idsOf('(providerId: "p")')).toEqual([150])
    expect(await idsOf(`(providerId: "${ANTHROPIC}")`)).toEqual([1])
    expect(await idsOf('(affinityKey: "moves", providerKeyId: "k", types: [REMOVED])')).toEqual([1, 150])
    expect(await idsOf('(userId: "nobody")')).toEqual([])
    expect(await idsOf(`(since: "${new Date(Date.now() + 60_000).toISOString()}")`)).toEqual([])
    const [first] = nodes
    const page = await changes(service, '(first: 1)')
    expect([page.nodes, page.pageInfo.hasNextPage]).toMatchObject([[{ id: first.id }], true])
    const rest = await changes(service, `(first: 2, after: "${page.pageInfo.endCursor}")`)
    expect(rest.nodes.map(({ id }: { id: string }) => id)).toEqual(
      nodes.slice(1).map(({ id }: { id: string }) => id),
    )

    const refused = async (at: TestApp, args: string) =>
      (await at.query(`{ affinityChanges(${args}) { totalCount } }`)).errors[0]
    expect(await refused(service, 'types: [REMOVED, CREATED]')).toMatchObject({
      message: expect.stringContaining('CREATED'),
      extensions: { code: 'BAD_USER_INPUT', field: 'types' },
    })
    const other = await beside(service)
    onTestFinished(() => other.close())
    expect(await refused(other, `first: 1, after: "${page.pageInfo.endCursor}"`)).toMatchObject({
      message: expect.stringContaining('another instance'),
      extensions: { code: 'BAD_USER_INPUT', field: 'after' },
    })
  })
})
