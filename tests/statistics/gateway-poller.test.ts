import { gzipSync } from 'node:zlib'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { createGatewayPoller, type GatewayState } from '../../src/statistics/gateway-poller.js'
import { json, type StockGateway, startGateway } from '../support/gateway.js'

const TOKEN = 'canary-token-of-the-gateways'
const STATS = {
  status: 'ok',
  data: { scheduler_metrics: { total_batches: 3 }, affinity_stats: { cache_hits: 2 } },
}
const COUNTERS = { scheduler: { total_batches: 3 }, affinity: { cache_hits: 2 } }

const until = (check: () => void) => vi.waitFor(check, { timeout: 10_000 })

/** Polls every 20 ms until the test ends; `changes` is what it reported. */
function poll(
  urls: readonly string[],
  options: { timeoutMs?: number; intervalMs?: number; downIntervalMs?: number } = {},
) {
  const changes: GatewayState[] = []
  const poller = createGatewayPoller({
    urls,
    token: TOKEN,
    onChange: (state) => changes.push(state),
    intervalMs: 20,
    timeoutMs: 1_000,
    ...options,
  })
  onTestFinished(() => poller.stop())
  poller.start()
  return { poller, changes }
}

describe('a gateway that is asked for its statistics', () => {
  it('is asked at its admin endpoint, with the token', async () => {
    const gateway = await startGateway(json(STATS))
    const { poller, changes } = poll([`${gateway.url}/prefix/`])
    await until(() => expect(poller.counters()).toEqual([COUNTERS]))
    expect(gateway.requests[0]).toEqual({
      path: '/prefix/api/admin/monitoring/cache/stats',
      authorization: `Bearer ${TOKEN}`,
    })
    expect(changes).toEqual([{ url: `${gateway.url}/prefix/`, isUp: true, problem: null }])
  })

  it('is asked at once, and by default then every 10 s', async () => {
    const every = vi.spyOn(globalThis, 'setInterval')
    onTestFinished(() => every.mockRestore())
    const gateway = await startGateway(json(STATS))
    const poller = createGatewayPoller({ urls: [gateway.url], token: TOKEN, onChange: () => {} })
    onTestFinished(() => poller.stop())
    poller.start()
    expect(every.mock.calls.map(([, milliseconds]) => milliseconds)).toContain(10_000)
    await until(() => expect(poller.states()).toHaveLength(1))
    expect(gateway.requests).toHaveLength(1)
  })

  it('is left out while it is down, with what it said before, and comes back by itself', async () => {
    const gateway = await startGateway(json(STATS))
    const { poller, changes } = poll([gateway.url])
    await until(() => expect(poller.counters()).toEqual([COUNTERS]))
    gateway.answer = (_request, response) => response.writeHead(503).end('busy')
    await until(() => expect(poller.counters()).toEqual([]))
    const asked = gateway.requests.length
    await until(() => expect(gateway.requests.length).toBeGreaterThan(asked + 3))
    gateway.answer = json(STATS)
    await until(() => expect(poller.counters()).toEqual([COUNTERS]))
    expect(
      changes.map(({ isUp }) => isUp),
      'one report a change, not one a poll',
    ).toEqual([true, false, true])
    expect(changes[1]?.problem).toBe('it answers with status 503')
  })

  it('is left out while its counts run backwards, and says why, until they have grown twelve times in a row', async () => {
    const statsOf = (hits: number) => json({ data: { affinity_stats: { cache_hits: hits } } })
    const gateway = await startGateway(statsOf(1_000))
    const { poller, changes } = poll([gateway.url])
    await until(() => expect(poller.counters()).toHaveLength(1))
    // Two workers answer in turn.
    let turn = 0
    gateway.answer = (request, response) => {
      turn += 1
      statsOf(turn % 2 === 0 ? 1_000 + turn : 10 + turn)(request, response)
    }
    await until(() => expect(changes).toHaveLength(2))
    expect(changes[1]).toEqual({
      url: gateway.url,
      isUp: false,
      problem: 'its counts run backwards: several workers answer behind this address, or it was restarted',
    })
    const asked = gateway.requests.length
    await until(() => expect(gateway.requests.length).toBeGreaterThan(asked + 5))
    expect(poller.counters()).toEqual([])
    gateway.answer = statsOf(2_000)
    const steadySince = gateway.requests.length
    await until(() => expect(poller.counters()).toHaveLength(1))
    // The first of the twelve may have been under way.
    expect(gateway.requests.length - steadySince).toBeGreaterThanOrEqual(11)
    expect(changes.map(({ isUp }) => isUp)).toEqual([true, false, true])
  })

  it('counts from 0 after an outage: it was restarted', async () => {
    const gateway = await startGateway(json(STATS))
    const { poller, changes } = poll([gateway.url])
    await until(() => expect(poller.counters()).toHaveLength(1))
    gateway.answer = (_request, response) => response.writeHead(503).end('busy')
    await until(() => expect(poller.counters()).toEqual([]))
    gateway.answer = json({ data: { affinity_stats: { cache_hits: 0 } } })
    await until(() => expect(poller.counters()).toEqual([{ scheduler: {}, affinity: { cache_hits: 0 } }]))
    expect(changes.map(({ isUp }) => isUp)).toEqual([true, false, true])
  })

  it('hides none of the others', async () => {
    const up = await startGateway(json(STATS))
    const down = await startGateway(json(STATS))
    await down.stop()
    const { poller } = poll([down.url, up.url])
    await until(() => expect(poller.states()).toHaveLength(2))
    expect(poller.counters()).toEqual([COUNTERS])
    expect(poller.states().find(({ url }) => url === down.url)).toEqual({
      url: down.url,
      isUp: false,
      problem: 'it cannot be reached (ECONNREFUSED)',
    })
  })

  it('is not followed where it redirects: the token goes nowhere else', async () => {
    const elsewhere = await startGateway(json(STATS))
    const gateway = await startGateway((_request, response) =>
      response.writeHead(302, { location: `${elsewhere.url}/api/admin/monitoring/cache/stats` }).end(),
    )
    const { poller } = poll([gateway.url])
    await until(() => expect(poller.states()).toHaveLength(1))
    expect(poller.states()[0]?.problem).toBe('it answers with status 302')
    expect(elsewhere.requests).toEqual([])
  })

  it('is given up where it does not answer in time', async () => {
    const gateway = await startGateway(() => {})
    const { poller } = poll([gateway.url], { timeoutMs: 50 })
    await until(() => expect(poller.states()[0]?.problem).toBe('it does not answer in time'))
  })

  it('is given up where its answer begins and never ends', async () => {
    const gateway = await startGateway((_request, response) => void response.write('{"data":'))
    const { poller } = poll([gateway.url], { timeoutMs: 50 })
    await until(() => expect(poller.states()[0]?.problem).toBe('it does not answer in time'))
  })

  const MEGABYTE = 'x'.repeat(1024 * 1024)
  // Packed for each answer, it could be later than the time that an answer is given.
  const PACKED = gzipSync(JSON.stringify({ ...STATS, MEGABYTE }))
  const answers: [string, StockGateway['answer'], string][] = [
    ['what is not JSON', (_, response) => response.end('<html>'), 'its answer is not JSON'],
    ['JSON without statistics', json({ data: [] }), 'its answer holds no statistics'],
    ['more than 1 MiB', json({ ...STATS, MEGABYTE }), 'its answer is larger than 1 MiB'],
    [
      'more than 1 MiB, packed small',
      (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(PACKED),
      'its answer is larger than 1 MiB',
    ],
    ['a hang-up', (request) => void request.socket.destroy(), 'it cannot be reached (UND_ERR_SOCKET)'],
  ]
  it.each(answers)('is left out where it answers with %s', async (_what, answer, problem) => {
    const gateway = await startGateway(answer)
    // Answers of a megabyte every 20 ms would each be late on a busy machine.
    const { poller } = poll([gateway.url], { intervalMs: 1_000, timeoutMs: 5_000 })
    await until(() => expect(poller.states()[0]?.problem).toBe(problem))
    expect(poller.counters()).toEqual([])
  })

  it('is never reported together with the token', async () => {
    const gateway = await startGateway((request, response) =>
      response.writeHead(500, `${request.headers.authorization}`).end(request.headers.authorization),
    )
    const { poller, changes } = poll([gateway.url])
    await until(() => expect(poller.states()).toHaveLength(1))
    expect(JSON.stringify([changes, poller.states()])).not.toContain(TOKEN)
  })

  it('is not asked again after the end, and what comes late is not reported', async () => {
    const gateway = await startGateway(() => {})
    const { poller, changes } = poll([gateway.url])
    await until(() => expect(gateway.requests.length).toBeGreaterThan(0))
    poller.stop()
    poller.start()
    const later = () => new Promise((resolve) => setTimeout(resolve, 100))
    // What had been sent by then may still arrive.
    await later()
    const asked = gateway.requests.length
    await later()
    expect(gateway.requests).toHaveLength(asked)
    expect(changes).toEqual([])
  })
})

describe('a gateway that is polled each minute', () => {
  /** The polls that came, and what the next ones are answered: a number of hits, or undefined for an outage. */
  let polls: number
  let hits: () => number | undefined
  beforeEach(() => {
    polls = 0
    hits = () => 1_000
    vi.useFakeTimers()
    vi.stubGlobal('fetch', async () => {
      polls += 1
      const cacheHits = hits()
      if (cacheHits === undefined) return new Response('busy', { status: 503 })
      return Response.json({ data: { affinity_stats: { cache_hits: cacheHits } } })
    })
    onTestFinished(() => {
      vi.useRealTimers()
      vi.unstubAllGlobals()
    })
  })
  const start = async () => {
    const { poller } = poll(['http://gateway'], { intervalMs: 60_000, downIntervalMs: 10_000 })
    await vi.advanceTimersByTimeAsync(0)
    return poller
  }
  const pollsIn = async (ms: number) => {
    const before = polls
    await vi.advanceTimersByTimeAsync(ms)
    return polls - before
  }

  it('is polled every 10 s while it is down, and each minute once it is up', async () => {
    hits = () => undefined
    const poller = await start()
    expect(await pollsIn(30_000)).toBe(3)
    hits = () => 0
    await pollsIn(10_000)
    expect(poller.counters()).toHaveLength(1)
    expect(await pollsIn(120_000)).toBe(2)
  })

  it('is believed two minutes after it was restarted between two polls', async () => {
    const poller = await start()
    expect(await pollsIn(59_000)).toBe(0)
    hits = () => polls
    await pollsIn(2_000)
    expect(poller.states()).toMatchObject([{ isUp: false }])
    expect(await pollsIn(120_000)).toBeGreaterThanOrEqual(12)
    expect(poller.counters()).toHaveLength(1)
    expect(await pollsIn(120_000)).toBe(2)
  })

  it('is polled each minute where several workers go on to contradict each other', async () => {
    await start()
    hits = () => (polls % 2 === 0 ? 10 : 1_000) + polls
    await pollsIn(600_000)
    expect(await pollsIn(600_000)).toBe(10)
  })
})
