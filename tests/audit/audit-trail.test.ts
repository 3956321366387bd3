import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
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
  const beats: string[] = []
  const state = { failure: undefined as Error | undefined, calls: 0 }
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
    beat: (event) => guarded(() => void beats.push(event.id)),
    pending: () => Promise.reject(new Error('not asked here')),
    signIns: () => Promise.reject(new Error('not asked here')),
  }
  return { store, outcomes, events, beats, state }
}

interface Line {
  readonly level: string
  readonly message: string
  readonly facts: object
}

function logInto(lines: Line[]) {
  const at = (level: string) => (facts: object, message: string) => lines.push({ level, message, facts })
  return { error: at('error'), info: at('info') }
}

function logged() {
  const lines: Line[] = []
  return { lines, log: logInto(lines) }
}

function start() {
  const directory = join(temporaryDirectory('spool'), 'audit')
  const database = fakeDatabase()
  const { lines, log } = logged()
  const trail = createAuditTrail({
    store: database.store,
    spool: createAuditSpool(directory),
    log,
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
    const trail = createAuditTrail({ store: later.store, spool, log })
    await trail.start()
    await trail.stop()
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
    expect(state.calls).toBe(1)
    await trail.stop()
    expect(files()).toEqual(['one.json', 'three.json', 'two.json'])
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
    await trail.stop()
    expect(lines.filter(({ message }) => message === 'audit outcome stays in the spool')).toHaveLength(2)
    expect(files().sort()).toEqual(['0-broken.json', '1-strange.json', '2-half.json.tmp'])
    expect(trail.spooled).toEqual({ waiting: 0, failed: 2 })
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

  describe('tells in the log what changed, not each attempt:', () => {
    const FLUSH_EVERY_MS = 5_000
    const STAYS = 'audit outcome stays in the spool'
    beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }))
    afterEach(() => void vi.useRealTimers())

    /** Lets the interval fire so many times, each time until its attempt has ended. */
    async function attempts(flushes: readonly unknown[], count: number): Promise<void> {
      const before = flushes.length
      for (let n = 1; n <= count; n += 1) {
        vi.advanceTimersByTime(FLUSH_EVERY_MS)
        while (flushes.length < before + n) await setImmediate()
        // What the trail makes of it, it has made then.
        await setImmediate()
      }
    }

    function watched() {
      const { directory, store, state, lines, files } = start()
      const spool = createAuditSpool(directory)
      const flushes: unknown[] = []
      const trail = createAuditTrail({
        store,
        spool: {
          ...spool,
          flush: async (into) => {
            const flushed = await spool.flush(into)
            flushes.push(flushed)
            return flushed
          },
        },
        log: logInto(lines),
      })
      mkdirSync(directory, { recursive: true })
      return { directory, state, lines, files, flushes, trail }
    }

    it('a file that cannot be read, once, and again when it cannot be read for another reason', async () => {
      const { directory, flushes, lines, files, trail } = watched()
      const file = join(directory, 'broken.json')
      writeFileSync(file, '{"event":')
      await trail.start()
      await attempts(flushes, 4)
      expect(lines).toMatchObject([{ level: 'error', message: STAYS, facts: { file: 'broken.json' } }])
      writeFileSync(file, '{}')
      await attempts(flushes, 3)
      expect(lines.map(({ message }) => message)).toEqual([STAYS, STAYS])
      expect(trail.spooled).toEqual({ waiting: 0, failed: 1 })
      expect(files()).toEqual(['broken.json'])
      await trail.stop()
    })

    it('a folder that cannot be read, once', async () => {
      const { directory, flushes, lines, trail } = watched()
      rmSync(directory, { recursive: true })
      writeFileSync(directory, 'a file where the folder should be')
      await trail.start()
      await attempts(flushes, 4)
      expect(lines).toMatchObject([{ level: 'error', message: STAYS, facts: { file: '.' } }])
      expect(trail.spooled).toEqual({ waiting: 0, failed: 1 })
      await trail.stop()
    })

    it('a database that is away, once an outage, with what waits for it', async () => {
      const { state, flushes, lines, files, trail } = watched()
      const away = databaseUnavailable('gone')
      state.failure = away
      await trail.complete(eventOf('one'), DONE)
      await trail.complete(eventOf('two'), DONE)
      lines.length = 0
      await trail.start()
      await attempts(flushes, 4)
      expect(lines.map(({ message }) => message)).toEqual(['audit outcomes stay in the spool'])
      expect(trail.spooled).toEqual({ waiting: 2, failed: 0 })
      state.failure = undefined
      await attempts(flushes, 1)
      expect(files()).toEqual([])
      expect(trail.spooled).toEqual({ waiting: 0, failed: 0 })
      state.failure = away
      await trail.complete(eventOf('three'), DONE)
      lines.length = 0
      await attempts(flushes, 3)
      expect(lines.map(({ message }) => message)).toEqual(['audit outcomes stay in the spool'])
      await trail.stop()
    })
  })

  it('knows what runs, and waits for it as long as it is told to', async () => {
    const { trail, state } = start()
    expect(await trail.settled(0)).toBe(true)
    const event = await trail.begin(INTENT)
    expect(trail.running).toBe(1)
    expect(await trail.settled(20)).toBe(false)
    const waits = trail.settled(60_000)
    state.failure = databaseUnavailable('gone')
    // Also an outcome that goes to the disk has to be there.
    await trail.complete(event, DONE)
    expect(await waits).toBe(true)
    await expect(trail.begin(INTENT)).rejects.toThrow()
    expect(trail.running).toBe(0)
  })

  it('writes what is on disk a last time when it stops', async () => {
    const { trail, state, files, outcomes } = start()
    await trail.start()
    state.failure = databaseUnavailable('gone')
    await trail.complete(eventOf('one'), DONE)
    state.failure = undefined
    await trail.stop()
    expect([...outcomes.keys()]).toEqual(['one'])
    expect(files()).toEqual([])
  })
})

describe('a running action', () => {
  const BEAT_EVERY_MS = 180_000
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }))
  afterEach(() => void vi.useRealTimers())

  it('gives a sign of life every three minutes until its outcome, also where one cannot be written', async () => {
    const { trail, beats, state, lines } = start()
    await trail.start()
    const event = await trail.begin(INTENT)
    const pass = async (count: number) => {
      for (let n = 0; n < count; n += 1) {
        vi.advanceTimersByTime(BEAT_EVERY_MS)
        for (let turn = 0; turn < 20; turn += 1) await setImmediate()
      }
    }
    await pass(2)
    expect(beats).toEqual([event.id, event.id])
    state.failure = databaseUnavailable('gone')
    await pass(2)
    state.failure = undefined
    await pass(1)
    expect(beats).toHaveLength(3)
    const told = lines.filter(({ message }) => message.includes('cannot be refreshed'))
    expect(told).toMatchObject([{ level: 'error', facts: { auditEvent: event.id } }])
    await trail.complete(event, DONE)
    await pass(2)
    expect(beats).toHaveLength(3)
    await trail.stop()
  })

  it('may get a later outcome, which a stop waits for, and which the earlier one does not replace', async () => {
    const { trail, outcomes, files, state } = start()
    const event = await trail.begin(INTENT)
    state.failure = databaseUnavailable('gone')
    await trail.complete(event, DONE)
    const later = trail.complete(event, { ...DONE, result: { clearedCount: 3, writtenBack: 0 } })
    expect(trail.running).toBe(1)
    expect(await later).toMatchObject({ keptIn: 'spool', event: { metadata: { revision: 2 } } })
    expect(trail.running).toBe(0)
    expect(files().sort()).toEqual(['begun.2.json', 'begun.json'])
    state.failure = undefined
    await trail.start()
    await trail.stop()
    expect(files()).toEqual([])
    expect([...outcomes.values()]).toHaveLength(1)
  })
})
