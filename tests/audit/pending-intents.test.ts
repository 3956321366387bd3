import { spawnSync } from 'node:child_process'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { PendingIntent } from '../../src/audit/audit-store.js'
import { createPendingIntents } from '../../src/audit/pending-intents.js'
import { hasEnded, instanceTag } from '../../src/util/process-identity.js'

const SILENT_MS = 600_000
const MESSAGE = 'audit intents without an outcome: these actions may have been done in part'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const began = (id: string, instance: string | null, beat: number | null = null): PendingIntent => ({
  id,
  instance,
  beat,
})

function start(pending: PendingIntent[]) {
  const state = { pending, failure: undefined as Error | undefined }
  const lines: { facts: object; message: string }[] = []
  const intents = createPendingIntents({
    store: {
      pending: async (ids) => {
        if (state.failure) throw state.failure
        return state.pending.filter(({ id }) => ids?.includes(id) ?? true)
      },
    },
    hasEnded: (instance) => instance === 'ended',
    log: { error: (facts, message) => void lines.push({ facts, message }) },
  })
  return { state, lines, intents }
}

describe('intents without an outcome', () => {
  it('are reported at once where their instance has ended', async () => {
    const { lines, intents } = start(Array.from({ length: 150 }, (_, n) => began(`event-${n}`, 'ended')))
    await intents.start()
    const auditEvents = Array.from({ length: 100 }, (_, n) => `event-${n}`)
    expect(lines).toEqual([{ message: MESSAGE, facts: { auditEvents, count: 150 } }])
  })

  it('are not reported while another instance may still run them, and are when none can', async () => {
    const { state, lines, intents } = start([
      began('runs', 'elsewhere'),
      began('is-lost', 'elsewhere'),
      began('is-old', null),
    ])
    await intents.start()
    await vi.advanceTimersByTimeAsync(SILENT_MS - 1)
    expect(lines).toEqual([])
    state.pending = [
      began('is-lost', 'elsewhere'),
      began('is-old', null),
      began('began-meanwhile', 'elsewhere'),
    ]
    await vi.advanceTimersByTimeAsync(1)
    expect(lines).toEqual([{ message: MESSAGE, facts: { auditEvents: ['is-lost', 'is-old'], count: 2 } }])
  })

  it('are not reported as long as their instance gives signs of life, and are once it gives none', async () => {
    const { state, lines, intents } = start([began('runs', 'elsewhere'), began('is-lost', 'elsewhere', 1)])
    await intents.start()
    state.pending = [began('runs', 'elsewhere', 5), began('is-lost', 'elsewhere', 1)]
    await vi.advanceTimersByTimeAsync(SILENT_MS)
    expect(lines).toMatchObject([{ message: MESSAGE, facts: { auditEvents: ['is-lost'] } }])
    // A database that is away for a while changes nothing.
    state.failure = new Error('gone')
    await vi.advanceTimersByTimeAsync(SILENT_MS)
    state.failure = undefined
    for (const beat of [10, 15]) {
      state.pending = [began('runs', 'elsewhere', beat)]
      await vi.advanceTimersByTimeAsync(SILENT_MS)
    }
    expect(lines).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(SILENT_MS)
    expect(lines.at(-1)).toMatchObject({ message: MESSAGE, facts: { auditEvents: ['runs'] } })
    await vi.advanceTimersByTimeAsync(2 * SILENT_MS)
    expect(lines).toHaveLength(3)
  })

  it('leave no line where each got its outcome', async () => {
    const { state, lines, intents } = start([began('runs', 'elsewhere')])
    await intents.start()
    state.pending = []
    await vi.advanceTimersByTimeAsync(2 * SILENT_MS)
    expect(lines).toEqual([])
  })

  it('that cannot be looked for do not keep the service from starting, and the log says so', async () => {
    const { state, lines, intents } = start([began('runs', 'elsewhere')])
    await intents.start()
    state.failure = new Error('canceling statement due to statement timeout')
    await vi.advanceTimersByTimeAsync(SILENT_MS)
    await intents.start()
    expect(lines.map(({ message }) => message)).toEqual([
      'audit intents without an outcome were not looked for',
      'audit intents without an outcome were not looked for',
    ])
  })

  it('are not looked at again after the stop', async () => {
    const { lines, intents } = start([began('is-lost', 'elsewhere')])
    await intents.start()
    intents.stop()
    await vi.advanceTimersByTimeAsync(2 * SILENT_MS)
    expect(lines).toEqual([])
  })
})

describe('an instance', () => {
  const ended = spawnSync(process.execPath, ['-e', '']).pid
  const place = instanceTag().split(' ').slice(0, 2).join(' ')

  it.each([
    ['that is this process has not ended', instanceTag(), false],
    ['beside this process whose process is gone has ended', `${place} ${ended} 17`, true],
    ['whose process has an id that another process has now has ended', `${place} ${process.pid} 1`, true],
    ['on another machine may run', `another ${place.split(' ')[1]} ${ended} 17`, false],
    ['in another container may run', `${place.split(' ')[0]} pid:[1] ${ended} 17`, false],
    ['on a machine that does not tell may run', `elsewhere ${ended}`, false],
  ])('%s', (_what, tag, answer) => {
    expect(hasEnded(tag)).toBe(answer)
  })
})
