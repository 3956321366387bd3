import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { AuditIntent, AuditOutcome } from '../../src/audit/audit-store.js'
import { createRefusedAttempts, type RefusedAttempts } from '../../src/audit/refused-attempts.js'
import { databaseUnavailable } from '../../src/errors.js'

const INTENT: AuditIntent = {
  action: 'cache_clear_all',
  arguments: { confirm: true, dryRun: false },
  actorName: 'looker',
  actorId: null,
  ipAddress: '192.0.2.1',
  userAgent: null,
  requestId: 'request-1',
}
const REFUSED: AuditOutcome = {
  success: false,
  statusCode: 403,
  errorMessage: 'looker may read, but not clear.',
  result: { clearedCount: 0, code: 'FORBIDDEN' },
}

/** What was written, in its order: each row's action, or the number of attempts that was added to one. */
let written: unknown[]
let isAway: boolean
let attempts: RefusedAttempts
beforeEach(() => {
  vi.useFakeTimers()
  written = []
  isAway = false
  attempts = createRefusedAttempts({
    begin: async ({ action, actorName, actorId, ipAddress, requestId }) => {
      if (isAway) throw databaseUnavailable(new Error('ECONNREFUSED'))
      const metadata = { action, actor: actorName }
      written.push(action)
      const createdAt = new Date(0)
      const errorMessage = null
      return {
        id: action,
        action,
        success: false,
        createdAt,
        actorId,
        actorName,
        ipAddress,
        requestId,
        errorMessage,
        metadata,
      }
    },
    complete: async (event, { result }) => {
      if (result['attempts'] !== undefined) written.push(result['attempts'])
      return { event, keptIn: 'row' }
    },
  })
})
afterEach(() => {
  vi.useRealTimers()
})

const refuse = (viewerKey: string, intent: Partial<AuditIntent> = {}) =>
  attempts.refuse(viewerKey, { ...INTENT, ...intent }, REFUSED)

it('makes one event of a thousand attempts in a minute, with their number at its end', async () => {
  const answers = await Promise.all(Array.from({ length: 1_000 }, () => refuse('token:looker')))
  expect(answers.filter((answer) => answer !== undefined)).toHaveLength(1)
  expect(written).toEqual(['cache_clear_all'])
  await vi.advanceTimersByTimeAsync(60_000)
  expect(written).toEqual(['cache_clear_all', 1_000])
  await refuse('token:looker')
  expect(written).toEqual(['cache_clear_all', 1_000, 'cache_clear_all'])
})

it('keeps viewers, actions and dry runs apart', async () => {
  await refuse('token:looker')
  await refuse('user:looker')
  await refuse('token:looker', { action: 'cache_clear_user' })
  await refuse('token:looker', { arguments: { confirm: true, dryRun: true } })
  expect(written).toHaveLength(4)
})

it('adds the numbers when the service stops', async () => {
  for (let n = 0; n < 3; n += 1) await refuse('token:looker')
  await attempts.stop()
  expect(written).toEqual(['cache_clear_all', 3])
  expect(vi.getTimerCount()).toBe(0)
})

it('answers none without the first event, and tries again', async () => {
  isAway = true
  const answers = await Promise.allSettled(Array.from({ length: 10 }, () => refuse('token:looker')))
  expect(answers.every(({ status }) => status === 'rejected')).toBe(true)
  expect(vi.getTimerCount()).toBe(0)
  isAway = false
  await refuse('token:looker')
  expect(written).toEqual(['cache_clear_all'])
})
