import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type AuditPageRequest, type AuditReader, createAuditReader } from '../../src/audit/audit-reader.js'
import type { AuditIntent, AuditOutcome, AuditStore } from '../../src/audit/audit-store.js'
import { actionAndActorOf, isSuccess } from '../../src/audit/audit-store.js'
import { createPrismaAuditStore } from '../../src/audit/prisma-audit-store.js'
import { makeTables } from '../../src/gateway/aether/schema/aether-schema.js'
import { createPgDatabase, createPgliteDatabase, type Database } from '../../src/postgres/database.js'
import { createReadingPrisma } from '../../src/postgres/database-errors.js'
import { freshPglite } from '../support/servers/pglite.js'
import { freshDatabase } from '../support/servers/shared.js'

const START = Date.UTC(2030, 0, 1)

const INTENT: AuditIntent = {
  action: 'cache_clear_user',
  arguments: { identifier: 'bob', dryRun: false },
  actorName: 'tests',
  actorId: null,
  ipAddress: '192.0.2.1',
  userAgent: 'curl/8',
  requestId: 'request-1',
}
const DONE: AuditOutcome = { success: true, statusCode: 200, errorMessage: null, result: { clearedCount: 3 } }

/** What the store does in a gateway's PostgreSQL and in the embedded one. */
function auditStoreContract(open: () => Promise<Database>): void {
  let database: Database
  let store: AuditStore
  let reader: AuditReader
  let clock: number
  beforeAll(async () => {
    database = await open()
    store = createPrismaAuditStore(database.prisma, { now: () => clock, instance: 'this one' })
    reader = createAuditReader(createReadingPrisma(database.prisma), {
      now: () => clock,
      hasEnded: (instance) => instance === 'one that ended',
    })
  })
  beforeEach(async () => {
    clock = START
    await database.prisma.auditLog.deleteMany()
  })
  afterAll(() => database.close())

  /** A page with all its parts, its rows as the events that they tell of. */
  const pageOf = async (request: AuditPageRequest) => {
    const page = reader.page(request, {})
    const rows = await page.items()
    return {
      events: rows.map((row) => ({
        id: row.id,
        action: actionAndActorOf(row).action,
        success: isSuccess(row),
        createdAt: row.createdAt,
        actorId: row.userId,
        actorName: actionAndActorOf(row).actor,
        ipAddress: row.ipAddress,
        requestId: row.requestId,
        errorMessage: row.errorMessage,
        metadata: row.eventMetadata,
      })),
      totalCount: await page.totalCount(),
      hasNextPage: await page.hasNextPage(),
      hasPreviousPage: await page.hasPreviousPage(),
    }
  }
  const raw = (id: string) => database.prisma.auditLog.findUniqueOrThrow({ where: { id } })

  it('writes an intent as a failure: whatever happens then, the row claims no success', async () => {
    const event = await store.begin(INTENT)
    expect(event).toMatchObject({
      action: 'cache_clear_user',
      success: false,
      createdAt: new Date(START),
      actorName: 'tests',
      actorId: null,
      ipAddress: '192.0.2.1',
      requestId: 'request-1',
    })
    expect(await raw(event.id)).toMatchObject({
      eventType: 'request_failed',
      description: 'clearUserCache via affinityql',
      ipAddress: '192.0.2.1',
      userAgent: 'curl/8',
      requestId: 'request-1',
      statusCode: null,
      createdAt: new Date(START),
      eventMetadata: {
        action: 'cache_clear_user',
        actor: 'tests',
        arguments: { identifier: 'bob', dryRun: false },
        outcome: 'pending',
        instance: 'this one',
      },
    })
  })

  it('completes it with the outcome, however often it is told', async () => {
    const event = await store.begin(INTENT)
    await store.complete(event, DONE)
    await store.complete(event, { ...DONE, action: 'cache_clear_api_key' })
    expect(await raw(event.id)).toMatchObject({
      eventType: 'request_success',
      description: 'clearUserCache via affinityql',
      statusCode: 200,
      errorMessage: null,
      eventMetadata: {
        action: 'cache_clear_api_key',
        arguments: { identifier: 'bob', dryRun: false },
        outcome: 'done',
        status_code: 200,
        result: { clearedCount: 3 },
      },
    })
    expect((await pageOf({ first: 10 })).events).toMatchObject([
      { id: event.id, action: 'cache_clear_api_key', success: true, errorMessage: null },
    ])
  })

  it('writes the outcome of an action whose row is gone, as after a failover to a replica that had not got it', async () => {
    const event = await store.begin({ ...INTENT, actorName: 'a\0b' })
    await database.prisma.auditLog.deleteMany()
    for (const outcome of [DONE, { ...DONE, action: 'cache_clear_api_key' as const }])
      await store.complete(event, outcome)
    expect(await pageOf({ first: 10 })).toMatchObject({
      totalCount: 1,
      events: [{ ...event, action: 'cache_clear_api_key', success: true, errorMessage: null, metadata: {} }],
    })
    expect(await raw(event.id)).toMatchObject({
      description: 'clearUserCache via affinityql',
      userAgent: null,
      statusCode: 200,
      createdAt: new Date(START),
      eventMetadata: {
        actor: 'a\u{FFFD}b',
        arguments: { identifier: 'bob', dryRun: false },
        outcome: 'done',
        result: { clearedCount: 3 },
      },
    })
  })

  it('finds intents without an outcome, oldest first, and which instance began each', async () => {
    const open = []
    for (let n = 0; n < 4; n += 1) {
      clock = START + n * 1_000
      open.push((await store.begin(INTENT)).id)
    }
    const done = await store.begin(INTENT)
    await store.complete(done, { ...DONE, success: false, statusCode: 503 })
    await database.prisma.auditLog.create({
      data: {
        id: 'without-instance',
        eventType: 'request_failed',
        description: 'clearUserCache via affinityql',
        eventMetadata: { outcome: 'pending' },
        createdAt: new Date(START + 60_000),
      },
    })
    expect(await store.pending()).toEqual([
      ...open.map((id) => ({ id, instance: 'this one', beat: null })),
      { id: 'without-instance', instance: null, beat: null },
    ])
    expect((await store.pending([done.id, 'without-instance', 'none'])).map(({ id }) => id)).toEqual([
      'without-instance',
    ])
  })

  it('shows for how long an action goes on, and ends that with its outcome', async () => {
    const event = await store.begin(INTENT)
    for (const minutes of [8, 16, 24]) {
      clock = START + minutes * 60_000
      await store.beat(event)
      expect(await store.pending()).toEqual([{ id: event.id, instance: 'this one', beat: clock }])
      clock += 9 * 60_000
      const [row] = await reader.page({ first: 1, selection: { outcome: 'RUNNING' } }, {}).items()
      expect(row && reader.outcomeOf(row)).toBe('RUNNING')
      clock += 60_000
      expect(await reader.page({ first: 1, selection: { outcome: 'RUNNING' } }, {}).items()).toEqual([])
      expect(row && reader.outcomeOf(row)).toBe('UNKNOWN')
    }
    await store.complete(event, DONE)
    await store.beat(event)
    const { eventMetadata } = await raw(event.id)
    expect(eventMetadata).toMatchObject({ outcome: 'done', result: { clearedCount: 3 } })
    expect(eventMetadata).not.toHaveProperty('beat')
  })

  it('keeps the later of two outcomes, in whichever order they come', async () => {
    const later = { ...DONE, revision: 2, result: { clearedCount: 3, writtenBack: 1 } }
    for (const outcomes of [
      [DONE, later],
      [later, DONE],
    ]) {
      const event = await store.begin(INTENT)
      for (const outcome of outcomes) await store.complete(event, outcome)
      expect((await raw(event.id)).eventMetadata).toMatchObject({ result: { writtenBack: 1 } })
    }
    expect(await pageOf({ first: 10 })).toMatchObject({ totalCount: 2 })
  })

  it('pages newest first; events of one millisecond each come once', async () => {
    const ids: string[] = []
    for (let n = 0; n < 23; n += 1) {
      clock = START + Math.floor(n / 5)
      ids.push((await store.begin({ ...INTENT, requestId: `request-${n}` })).id)
    }
    const seen = []
    let after: { createdAt: Date; id: string } | undefined
    for (let page = 0; page < 8; page += 1) {
      const { events, ...rest } = await pageOf({ first: 4, ...(after && { after }) })
      const isLast = page >= 5
      expect(rest).toEqual({ totalCount: 23, hasNextPage: !isLast, hasPreviousPage: page > 0 })
      seen.push(...events)
      after = events.at(-1) ?? after
      if (isLast) break
    }
    expect(seen.map(({ id }) => id).sort()).toEqual(ids.sort())
    const times = seen.map(({ createdAt }) => createdAt.getTime())
    expect(times).toEqual([...times].sort((a, b) => b - a))
  })

  it('goes on after a position whose event is gone', async () => {
    for (let n = 0; n < 5; n += 1) {
      clock = START + n
      await store.begin(INTENT)
    }
    const [, second, third] = (await pageOf({ first: 5 })).events
    if (!second || !third) throw new Error('Five events were begun.')
    await database.prisma.auditLog.delete({ where: { id: second.id } })
    const { events } = await pageOf({ first: 1, after: second })
    expect(events.map(({ id }) => id)).toEqual([third.id])
  })

  it('shows its own rows alone', async () => {
    const ours = await store.begin(INTENT)
    await store.complete(ours, DONE)
    const others = [
      ['request_success', 'GET /api/admin/users via AdminListUsersAdapter'],
      ['request_failed', 'POST /via affinityql/x'],
      ['request_failed', 'POST /v1/clearAllCache via affinityql'],
      ['request_success', 'clearAllCache via affinityql '],
      ['request_success', 'cache_clear_all via affinityql'],
      ['login_success', 'login via affinityql'],
      ['request_success', 'x VIA AFFINITYQL'],
    ]
    for (const [n, [eventType = '', description = '']] of others.entries()) {
      await database.prisma.auditLog.create({
        data: { id: `other-${n}`, eventType, description, createdAt: new Date(START + n) },
      })
    }
    const page = await pageOf({ first: 10 })
    expect(page).toMatchObject({ totalCount: 1, events: [{ id: ours.id }] })
    expect(await store.pending()).toEqual([])
  })

  it('shows one action alone where asked, counted and paged for itself', async () => {
    for (const action of ['cache_clear_all', 'admin_login', 'cache_clear_all'] as const) {
      clock += 1
      await store.begin({ ...INTENT, action })
    }
    const page = await pageOf({ first: 1, selection: { actions: ['cache_clear_all'] } })
    expect(page).toMatchObject({ totalCount: 2, hasNextPage: true, events: [{ action: 'cache_clear_all' }] })
    expect((await pageOf({ first: 9, selection: { actions: ["' OR 1=1 --"] } })).totalCount).toBe(0)
    expect((await pageOf({ first: 9, selection: { actions: ['%'] } })).totalCount).toBe(0)
  })

  it.each([
    ['NUL', 'a\0b', 'a\u{FFFD}b'],
    ['half a surrogate pair', 'a\ud800b', 'a\u{FFFD}b'],
    ['the other half', '\udc00', '\u{FFFD}'],
    ['a whole one', '😀', '😀'],
    ['200,000 characters', 'x'.repeat(200_000), 'x'.repeat(256)],
    ['control characters, which take six bytes each in JSON', '\u0001\u001b\u009b', '\u{FFFD}'.repeat(3)],
    ['a pair that the cut would part', `${'x'.repeat(255)}😀`, `${'x'.repeat(255)}\u{FFFD}`],
    ['quotes', `'"\\\n`, `'"\\\n`],
  ])('stores %s so that every look at the table still works', async (_what, text, stored) => {
    const event = await store.begin({
      ...INTENT,
      actorName: text,
      userAgent: text,
      arguments: { identifier: text, filter: { modelId: text, list: [text] } },
    })
    await store.complete(event, { ...DONE, success: false, errorMessage: null, result: { text } })
    expect((await raw(event.id)).eventMetadata).toMatchObject({
      actor: stored,
      arguments: { identifier: stored, filter: { modelId: stored, list: [stored] } },
      result: { text: stored },
    })
    expect((await pageOf({ first: 1, selection: { actions: ['cache_clear_user'] } })).events).toMatchObject([
      { actorName: stored },
    ])
    expect(await store.pending()).toEqual([])
  })

  it('cuts what is wider than its column', async () => {
    const event = await store.begin({
      ...INTENT,
      ipAddress: 'f'.repeat(300),
      userAgent: '😀'.repeat(600),
      requestId: 'r'.repeat(300),
    })
    const { ipAddress, userAgent, requestId } = await raw(event.id)
    expect([ipAddress?.length, requestId?.length]).toEqual([45, 100])
    expect(userAgent?.length).toBeLessThanOrEqual(500)
  })
}

describe('audit events in a gateway’s PostgreSQL', () => {
  auditStoreContract(async () => createPgDatabase({ url: freshDatabase('schema') }))
})

describe('audit events in the embedded PGlite', () => {
  auditStoreContract(async () => {
    const database = createPgliteDatabase({ dataDir: await freshPglite() })
    await makeTables(database)
    return database
  })
})
