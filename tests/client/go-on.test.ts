import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { AffinityqlError } from '../../src/client/index.js'
import { createList, type Page, type PageArguments } from '../../src/client/pages.js'

const PAGES = 4
const away = new AffinityqlError('Redis is away.', { code: 'CACHE_UNAVAILABLE' })

/** Pages 0 to 3 of one record each; `failing` says what the question for a page gets in place of it. */
function walk(failing: (page: number) => Error | undefined) {
  const list = createList<PageArguments, Page<number>>(async ({ after }) => {
    const page = Number(after ?? 0)
    const failure = failing(page)
    if (failure) throw failure
    const hasNextPage = page + 1 < PAGES
    return { totalCount: PAGES, pageInfo: { hasNextPage, endCursor: String(page + 1) }, nodes: [page] }
  })
  const waits: string[] = []
  const read = async (signal?: AbortSignal) => {
    const met: number[] = []
    for await (const { nodes } of list.pages({}, { signal, onWait: ({ code }) => waits.push(code) }))
      met.push(...nodes)
    return met
  }
  return { read, waits }
}

describe('a walk over a list', () => {
  beforeEach(() => vi.useFakeTimers())
  afterEach(() => vi.useRealTimers())

  it('goes on after an outage in its midst, and loses nothing', async () => {
    const backAt = performance.now() + 40_000
    const { read, waits } = walk((page) => (page === 2 && performance.now() < backAt ? away : undefined))
    const met = read()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(await met).toEqual([0, 1, 2, 3])
    expect(waits.length).toBeGreaterThan(3)
    expect(new Set(waits)).toEqual(new Set(['CACHE_UNAVAILABLE']))
  })

  it('goes on when the viewer’s budget of the next minute has begun', async () => {
    const details = { code: 'RATE_LIMITED', retryAfterSeconds: 45 }
    const spent = new AffinityqlError('Too many requests.', details)
    const refilledAt = performance.now() + 45_000
    const { read, waits } = walk((page) => (page === 2 && performance.now() < refilledAt ? spent : undefined))
    const met = read().catch((error: unknown) => error)
    await vi.advanceTimersByTimeAsync(46_000)
    expect(await met).toEqual([0, 1, 2, 3])
    expect(waits).toEqual(['RATE_LIMITED'])
  })

  it('gives up after a minute', async () => {
    const { read } = walk((page) => (page === 2 ? away : undefined))
    const met = read().catch((error: unknown) => error)
    await vi.advanceTimersByTimeAsync(90_000)
    expect(await met).toBe(away)
  })

  it.each([
    ['that has read nothing yet', 0, away],
    ['whose failure does not pass', 2, new AffinityqlError('No.', { code: 'FORBIDDEN' })],
  ])('does not wait, %s', async (_which, failing, failure) => {
    const { read, waits } = walk((page) => (page === failing ? failure : undefined))
    const met = read().catch((error: unknown) => error)
    await vi.advanceTimersByTimeAsync(100)
    expect(await met).toBe(failure)
    expect(waits).toEqual([])
  })

  it('stops to wait as soon as its signal is aborted', async () => {
    const stop = new AbortController()
    const { read } = walk((page) => (page === 2 ? away : undefined))
    const met = read(stop.signal).catch((error: unknown) => error)
    await vi.advanceTimersByTimeAsync(1_000)
    stop.abort()
    await vi.advanceTimersByTimeAsync(0)
    expect(await met).toMatchObject({ code: 'ABORTED' })
  })
})
