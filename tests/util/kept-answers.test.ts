import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createKeptAnswers } from '../../src/util/kept-answers.js'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

it('keeps an answer for so long from the beginning of its read, and no memory afterwards', () => {
  const kept = createKeptAnswers(4_000)
  const readAt = performance.now()
  vi.advanceTimersByTime(1_500)
  kept.put('q', 'answer', readAt)
  vi.advanceTimersByTime(2_499)
  expect(kept.get('q')).toBe('answer')
  expect(kept.get('another')).toBeUndefined()
  vi.advanceTimersByTime(1)
  expect(kept.get('q')).toBeUndefined()
  expect(vi.getTimerCount()).toBe(0)
})

it('lets a later answer live its own time', () => {
  const kept = createKeptAnswers(4_000)
  kept.put('q', 'old', performance.now())
  vi.advanceTimersByTime(2_000)
  kept.put('q', 'new', performance.now())
  vi.advanceTimersByTime(3_000)
  expect(kept.get('q')).toBe('new')
})

it('keeps no answer whose read took longer than that', () => {
  const kept = createKeptAnswers(4_000)
  kept.put('q', 'answer', performance.now() - 4_000)
  expect(kept.get('q')).toBeUndefined()
  expect(vi.getTimerCount()).toBe(0)
})
