import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createAuditSpool } from '../../src/audit/audit-spool.js'
import type { AuditEventRow, AuditIntent, AuditOutcome, AuditStore } from '../../src/audit/audit-store.js'
import { createAuditTrail } from '../../src/audit/audit-trail.js'
import { databaseUnavailable, UnavailableError } from '../../src/errors.js'
import { temporaryDirectory } from '../support/servers/child.js'

const INTENT: AuditIntent = {
  action: 'cache_clear_user',
  arguments: { identifier: 'bob' },
  actorName: 'tests',
  actorId: null,
  ipAddress: '192.0.2.1',
  userAgent: null,
  requestId: 'request-1',
}

const eventOf = (id: string): AuditEventRow => ({
  id,
  action: 'cache_clear_user',
  success: false,
  createdAt: new Date(1_700_000_000_123),
  actorId: null,
  actorName: 'tests',
  ipAddress: null,
  requestId: 'request-1',
  errorMessage: null,
  metadata: { action: 'cache_clear_user', actor: 'tests', arguments: { identifier: 'bob' } },
})
const DONE: AuditOutcome = {
  action: 'cache_clear_api_key',
  success: true,
  statusCode: 200,
  errorMessage: null,
  result: { clearedCount: 3 },
}

/** A database that can be taken away; it remembers the outcomes that it was given. */
function fakeDatabase() {
  const outcomes = new Map<string, AuditOutcome>()
  const events = new Map<string, AuditEventRow>()
  const state = { failure: undefined as Error | undefined, pending: [] as string[], calls: 0 }
  const guarded = async <T>(run: () => T): Promise<T> => {
    state.calls += 1
    if (state.failure) throw state.failure
    return run()
  }
  const store: AuditStore = {
    begin: (intent) => guarded(() => ({ ...eventOf('begun'), action: intent.action })),
    complete: (event, outcome) =>
      guarded(() => {
        events.set(event.id, event)
        outcomes.set(event.id, outcome)
      }),
    find: () => Promise.reject(new Error('not asked here')),
    page: () => Promise.reject(new Error('not asked here')),
    pending: () => guarded(() => state.pending),
  }
  return { store, outcomes, events, state }
}

function logged() {
  const lines: { level: string; message: string; facts: object }[] = []
  const at = (level: string) => (facts: object, message: string) => lines.push({ level, message, facts })
  return { lines, log: { error: at('error'), info: at('info') } }
}

function start() {
  const directory = join(temporaryDirectory('spool'), 'audit')
  const database = fakeDatabase()
  const { lines, log } = logged()
  const trail = createAuditTrail({
    store: database.store,
    spool: createAuditSpool(directory),
    log,
    now: () => 1_700_000_000_000,
  })
  const files = () => {
    try {
      return readdirSync(directory)
    } catch {
      return []
    }
  }
  return { directory, ...database, lines, trail, files }
}

describe('an audit trail', () => {
  it('lets nothing begin without its row, whatever the reason', async () => {
    const { trail, state, lines } = start()
    for (const failure of [
      databaseUnavailable('gone'),
      new Error('permission denied for table audit_logs'),
    ]) {
      state.failure = failure
      const error = await trail.begin(INTENT).catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(UnavailableError)
      expect(error).toMatchObject({ code: 'DATABASE_UNAVAILABLE', clearedCount: 0 })
      expect(String(error)).not.toContain('permission')
    }
    expect(lines.map(({ facts }) => facts)).toEqual([
      { action: 'cache_clear_user', reason: 'The database cannot be reached. Try again shortly.' },
      { action: 'cache_clear_user', reason: 'permission denied for table audit_logs' },
    ])
  })

  it('completes a row where the database takes it, and leaves nothing on disk', async () => {
    const { trail, outcomes, files } = start()
    const { event, keptIn } = await trail.complete(eventOf('one'), DONE)
    expect(keptIn).toBe('row')
    expect(event).toMatchObject({ action: 'cache_clear_api_key', success: true })
    expect(outcomes.get('one')).toEqual(DONE)
    expect(files()).toEqual([])
  })

  it.each([databaseUnavailable('gone'), new Error('relation "audit_logs" does not exist')])(
    'keeps an outcome on disk that the database refuses with: %s',
    async (failure) => {
      const { trail, state, files, directory } = start()
      state.failure = failure
      const { event, keptIn } = await trail.complete(eventOf('one'), DONE)
      expect(keptIn).toBe('spool')
      expect(event).toMatchObject({ id: 'one', success: true, metadata: { result: { clearedCount: 3 } } })
      expect(files()).toEqual(['one.json'])
      const path = join(directory, 'one.json')
      expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ event: { id: 'one' }, outcome: DONE })
      // Who may clear what is nobody else's business.
      expect(statSync(path).mode & 0o077).toBe(0)
      expect(statSync(directory).mode & 0o077).toBe(0)
    },
  )

  it('says so where neither the database nor the disk takes it, and logs the whole outcome', async () => {
    const { trail, state, directory, lines } = start()
    state.failure = databaseUnavailable('gone')
    writeFileSync(directory, 'a file where the directory should be')
    const { event, keptIn } = await trail.complete(eventOf('one'), DONE)
    expect(keptIn).toBe('log')
    expect(event.success).toBe(true)
    expect(lines.at(-1)).toMatchObject({ level: 'error', facts: { auditEvent: 'one', outcome: DONE } })
  })

  it('writes what is on disk when it starts, as it would have been written', async () => {
    const first = start()
    first.state.failure = databaseUnavailable('gone')
    for (const id of ['one', 'two', 'three']) await first.trail.complete(eventOf(id), DONE)
    const spool = createAuditSpool(first.directory)
    const later = fakeDatabase()
    const { lines, log } = logged()
    const trail = createAuditTrail({ store: later.store, spool, log, now: () => 0 })
    await trail.start()
    trail.stop()
    expect([...later.outcomes.keys()].sort()).toEqual(['one', 'three', 'two'])
    expect(later.outcomes.get('one')).toEqual(DONE)
    expect(later.events.get('one')).toEqual(eventOf('one'))
    expect(first.files()).toEqual([])
    expect(lines).toEqual([
      { level: 'info', message: 'audit outcomes written from the spool', facts: { written: 3 } },
    ])
  })

  it('keeps what is on disk while the database is away, and asks it once a time', async () => {
    const { trail, state, files } = start()
    state.failure = databaseUnavailable('gone')
    for (const id of ['one', 'two', 'three']) await trail.complete(eventOf(id), DONE)
    state.calls = 0
    await trail.start()
    trail.stop()
    expect(files()).toEqual(['one.json', 'three.json', 'two.json'])
    // One outcome and the look for open intents.
    expect(state.calls).toBe(2)
  })

  it('is not held up by a file that it cannot read, or one that the database refuses', async () => {
    const { trail, state, files, directory, outcomes, lines, store } = start()
    mkdirSync(directory, { recursive: true })
    writeFileSync(join(directory, '0-broken.json'), '{"event":')
    writeFileSync(join(directory, '1-strange.json'), '{"event":{},"outcome":[]}')
    writeFileSync(join(directory, '2-half.json.tmp'), '{"event":')
    state.failure = databaseUnavailable('gone')
    for (const id of ['one', 'refused', 'two']) await trail.complete(eventOf(id), DONE)
    state.failure = undefined
    const choosy: Pick<AuditStore, 'complete'> = {
      complete: (event, outcome) =>
        event.id === 'refused' ? Promise.reject(new Error('check violated')) : store.complete(event, outcome),
    }
    const { written, failed } = await createAuditSpool(directory).flush(choosy)
    expect(written).toBe(2)
    expect(failed.map(({ name }) => name)).toEqual(['0-broken.json', '1-strange.json', 'refused.json'])
    expect([...outcomes.keys()]).toEqual(['one', 'two'])
    await trail.start()
    trail.stop()
    expect(lines.filter(({ message }) => message === 'audit outcome stays in the spool')).toHaveLength(2)
    expect(files().sort()).toEqual(['0-broken.json', '1-strange.json', '2-half.json.tmp'])
  })

  it('writes each outcome at least once where two processes share the directory', async () => {
    const { trail, state, files, directory, outcomes, store } = start()
    state.failure = databaseUnavailable('gone')
    for (let n = 0; n < 30; n += 1) await trail.complete(eventOf(`event-${n}`), DONE)
    state.failure = undefined
    const both = await Promise.all([
      createAuditSpool(directory).flush(store),
      createAuditSpool(directory).flush(store),
    ])
    expect(both.flatMap(({ failed }) => failed)).toEqual([])
    expect(outcomes.size).toBe(30)
    expect(files()).toEqual([])
  })

  it('reports at its start what an earlier run began and did not end', async () => {
    const { trail, state, lines } = start()
    state.pending = Array.from({ length: 150 }, (_, n) => `event-${n}`)
    await trail.start()
    trail.stop()
    expect(lines).toMatchObject([
      { level: 'error', facts: { count: 150, auditEvents: state.pending.slice(0, 100) } },
    ])
  })

  it('starts even where that cannot be looked for, and says so', async () => {
    const { trail, state, lines } = start()
    state.failure = new Error('canceling statement due to statement timeout')
    await trail.start()
    trail.stop()
    expect(lines).toMatchObject([{ level: 'error', message: expect.stringContaining('not looked for') }])
  })
})
