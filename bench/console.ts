/**
 * Measures the built console in a browser, on the built service with a real Redis and PostgreSQL: the size and time of a
 * first visit, and how long tasks block the page's main thread while the cache changes 2,000 times a second.
 * `tsx bench/console.ts [records]`, default 100,000.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import type { Redis } from 'ioredis'
import type { Browser, Page } from 'playwright-core'
import { openBrowser, rows, visit } from '../tests/browser/support.js'
import { startPostgres } from '../tests/support/servers/postgres.js'
import { startRedis } from '../tests/support/servers/redis.js'
import { median, printTable } from './lib/measure.js'
import { type SoakService, startSoakService } from './lib/soak-service.js'
import { whenRead } from './lib/when-read.js'
import { makeWorld } from './lib/world.js'

const LIMITS = { scriptBytes: 250_000, usableMs: 1_500, taskMs: 50 } as const
const WRITES_PER_SECOND = 2_000
const WATCH_MS = 15_000
const SCROLL_STEPS = 60
const ROUNDS = 3

interface Seen {
  /** Durations of the tasks that blocked the main thread for over 50 ms, in milliseconds. */
  readonly longTasks: readonly number[]
  /** Sum of the layout shifts without recent user input. */
  readonly shift: number
}

/** Script that collects long tasks and layout shifts in the page; `takeSeen` reads and resets them. */
const OBSERVE = `
  globalThis.seen = { longTasks: [], shift: 0 }
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) seen.longTasks.push(duration)
  }).observe({ type: 'longtask', buffered: true })
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) seen.shift += value
  }).observe({ type: 'layout-shift', buffered: true })
`
const takeSeen = (page: Page): Promise<Seen> =>
  page.evaluate('(() => { const before = seen; seen = { longTasks: [], shift: 0 }; return before })()')

interface Place {
  readonly path: string
  /** Resolves when the page can be used. */
  readonly usable: (page: Page) => Promise<void>
  /** Resolves when the page has all its content. */
  readonly complete: (page: Page) => Promise<void>
}

const PLACES: Readonly<Record<string, Place>> = {
  'the sign-in': {
    path: '/',
    usable: (page) => page.getByLabel('Email').waitFor(),
    complete: (page) => page.getByLabel('Email').waitFor(),
  },
  'the overview, with its charts': {
    path: '/',
    usable: (page) => page.locator('.figure .value:not(:empty)').first().waitFor(),
    complete: (page) => page.locator('.chart canvas').first().waitFor(),
  },
  'the affinities': {
    path: '/affinities',
    usable: (page) => rows(page).first().waitFor(),
    complete: (page) => page.locator('.live-bar [data-state=live]').waitFor(),
  },
}

async function firstVisit(browser: Browser, service: SoakService, name: string, place: Place) {
  const token = name === 'the sign-in' ? null : (service.tokens[0] ?? null)
  const scripts: Promise<number>[] = []
  const { page, context } = await visit(browser, `${service.url}/health/live`, { token })
  page.on('response', (response) => {
    if (/\.js$/.test(new URL(response.url()).pathname))
      scripts.push(response.body().then((body) => gzipSync(body, { level: 9 }).length))
  })
  await page.addInitScript(OBSERVE)
  const startedAt = performance.now()
  await page.goto(service.url + place.path)
  await place.usable(page)
  const usableMs = performance.now() - startedAt
  await place.complete(page)
  const bytes = (await Promise.all(scripts)).reduce((sum, size) => sum + size, 0)
  const { shift } = await takeSeen(page)
  await context.close()
  return { usableMs, bytes, shift }
}

/** Refreshes random affinities as a gateway does, at `WRITES_PER_SECOND`, until the signal aborts. Returns the rate. */
async function keepWriting(redis: Redis, keys: readonly string[], signal: AbortSignal): Promise<number> {
  const EVERY_MS = 20
  const startedAt = performance.now()
  let written = 0
  while (!signal.aborted) {
    const due = Math.floor(((performance.now() - startedAt) * WRITES_PER_SECOND) / 1_000) - written
    const chosen = Array.from({ length: due }, () => keys[Math.floor(Math.random() * keys.length)] ?? '')
    if (due > 0) {
      const values = await redis.mget(chosen)
      const pipeline = redis.pipeline()
      for (const [index, value] of values.entries()) {
        const record = JSON.parse(value ?? '{}')
        const expiry = Date.now() / 1_000 + 3_600
        const used = { ...record, request_count: record.request_count + 1, expire_at: expiry }
        pipeline.set(chosen[index] ?? '', JSON.stringify(used), 'EX', 3_600)
      }
      await pipeline.exec()
      written += due
    }
    await sleep(EVERY_MS)
  }
  return (written * 1_000) / (performance.now() - startedAt)
}

async function underLoad(
  browser: Browser,
  service: SoakService,
  path: string,
  act: (page: Page) => Promise<void>,
) {
  const { page, context } = await visit(browser, `${service.url}/health/live`, {
    token: service.tokens[0] ?? null,
  })
  await page.addInitScript(OBSERVE)
  await page.goto(service.url + path)
  await page.locator('[data-state=live]').first().waitFor()
  if (path === '/') await page.locator('.chart canvas').first().waitFor()
  // The first rendering is measured elsewhere: it must be over before the tasks are counted.
  await sleep(2_000)
  await takeSeen(page)
  await act(page)
  const seen = await takeSeen(page)
  await context.close()
  return seen
}

/** Scrolls down the rows and back at 6,000 pixels a second, faster than anybody reads. */
async function scroll(page: Page): Promise<void> {
  await rows(page).first().hover()
  for (let step = 0; step < SCROLL_STEPS; step++) {
    await page.mouse.wheel(0, step < SCROLL_STEPS / 2 ? 300 : -300)
    await sleep(50)
  }
}

async function main(count: number): Promise<void> {
  const [postgres, server] = await Promise.all([startPostgres(), startRedis()])
  const redis = server.client()
  const databaseUrl = postgres.createDatabase('bench')
  await makeWorld(databaseUrl, redis, count)
  const service = await startSoakService({ databaseUrl, redisUrl: server.url }, 1)
  const browser = await openBrowser()
  const stop = new AbortController()
  try {
    await whenRead(() => service.ask('{ affinities(first: 1) { totalCount } }'))
    const visits: (readonly [string, number, string, number])[] = []
    for (const [name, place] of Object.entries(PLACES)) {
      const rounds = []
      for (let round = 0; round < ROUNDS; round++)
        rounds.push(await firstVisit(browser, service, name, place))
      visits.push([
        name,
        median(rounds.map(({ usableMs }) => usableMs)),
        `${((rounds[0]?.bytes ?? 0) / 1_000).toFixed(0)} kB`,
        Math.max(...rounds.map(({ shift }) => shift)),
      ])
    }
    printTable(
      `A first visit, ${count.toLocaleString('en')} affinities (script at most ${LIMITS.scriptBytes / 1_000} kB, usable within ${LIMITS.usableMs} ms)`,
      ['', 'usable, ms', 'script, gzip', 'layout shift'],
      visits,
    )

    const keys: string[] = []
    for await (const found of redis.scanStream({ match: 'cache_affinity:*', count: 2_000 }))
      keys.push(...found)
    const writing = keepWriting(server.client(), keys, stop.signal)
    const watch = () => sleep(WATCH_MS)
    const watched = [
      ['the overview', await underLoad(browser, service, '/', watch)],
      ['50 rows', await underLoad(browser, service, '/affinities', watch)],
      ['1,000 rows', await underLoad(browser, service, '/affinities?size=1000', watch)],
      ['1,000 rows, scrolled', await underLoad(browser, service, '/affinities?size=1000', scroll)],
    ] as const
    stop.abort()
    printTable(
      `While ${(await writing).toFixed(0)} records a second change (a task at most ${LIMITS.taskMs} ms, no layout shift)`,
      ['', 'tasks over 50 ms', 'longest, ms', 'layout shift'],
      watched.map(([name, { longTasks, shift }]) => [
        name,
        String(longTasks.length),
        longTasks.length === 0 ? '≤ 50' : Math.max(...longTasks),
        shift,
      ]),
    )
  } finally {
    stop.abort()
    await browser.close()
    await service.stop()
    await Promise.all([postgres.stop(), server.stop()])
  }
}

await main(Number(process.argv[2] ?? 100_000))
