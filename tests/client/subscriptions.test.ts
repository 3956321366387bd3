import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AffinityqlError, createClient } from '../../src/client/index.js'
import { readEvents, type ServerSentEvent } from '../../src/client/subscribe.js'
import { startServer, type TestServer } from '../cli/support.js'
import { againAndAgain } from '../support/again-and-again.js'
import { ADMIN_TOKEN } from '../support/app.js'
import { writePin } from '../support/pin.js'
import { startFlakyProxy } from './flaky-proxy.js'

let server: TestServer
beforeAll(async () => {
  server = await startServer({ redis: 'empty' })
})
afterAll(() => server.close())

let written = 0
/** A new affinity of this API key. */
const pin = (affinityKey: string) =>
  writePin(server.redis.client(), { affinityKey, modelId: `model-${written++}` })

/** Writes until what is waited for has come: a subscription stands some time after it was asked for. */
async function whileWriting<T>(affinityKey: string, wanted: Promise<T>): Promise<T> {
  const stopWriting = againAndAgain(50, async () => pin(affinityKey))
  return wanted.finally(stopWriting)
}

describe('subscriptions of the client', () => {
  it('give every change that the filter names, as an async iterator', async () => {
    const stop = new AbortController()
    const events = createClient({ url: server.url, token: ADMIN_TOKEN }).affinityEvents(
      { filter: { affinityKey: 'mine' } },
      { signal: stop.signal },
    )
    await pin('another')
    const { value } = await whileWriting('mine', events.next())
    expect(value).toMatchObject({ type: 'CREATED', affinity: { affinityKey: 'mine', apiFormat: 'CLAUDE' } })
    stop.abort()
    let last = await events.next()
    while (!last.done) last = await events.next()
    expect(last).toEqual({ done: true, value: undefined })
  })

  it('come back after a break, and say that something was missed', async () => {
    const proxy = await startFlakyProxy(server.url)
    const told: string[] = []
    const stop = new AbortController()
    const events = createClient({ url: proxy.url, token: ADMIN_TOKEN }).affinityEvents(
      {},
      {
        signal: stop.signal,
        onDisconnect: ({ code }) => told.push(code),
        onReconnect: () => told.push('connected again'),
      },
    )
    await whileWriting('before', events.next())
    proxy.answer({ status: 503 })
    proxy.cut()
    const seen = async () => {
      for await (const { affinity } of events) if (affinity.affinityKey === 'after') return affinity
      return undefined
    }
    expect(await whileWriting('after', seen())).toMatchObject({ affinityKey: 'after' })
    expect(told).toEqual(['NETWORK_ERROR', 'NETWORK_ERROR', 'connected again'])
    stop.abort()
  })

  it('give the statistics again and again', async () => {
    const stop = new AbortController()
    const client = createClient({ url: server.url, token: ADMIN_TOKEN })
    let seen = 0
    for await (const { storageType } of client.cacheStats.watch(
      { intervalSeconds: 1 },
      { signal: stop.signal },
    )) {
      expect(storageType).toBe('REDIS')
      if (++seen === 2) break
    }
    expect(seen).toBe(2)
  })

  it.each([
    ['UNAUTHENTICATED', 'wrong', 5],
    ['BAD_USER_INPUT', ADMIN_TOKEN, 61],
  ])('end with %s, without another try', async (code, token, intervalSeconds) => {
    const proxy = await startFlakyProxy(server.url)
    const stats = createClient({ url: proxy.url, token }).cacheStats.watch({ intervalSeconds })
    const error: unknown = await stats.next().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(AffinityqlError)
    expect(error).toMatchObject({ code })
    expect(proxy.requests).toBe(1)
  })
})

describe('the reader of server-sent events', () => {
  it('does not care where the network cuts, nor which line break the server uses', async () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 20 }).map((one) => one.replace(/[\r\n]/g, ' '))
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ event: fc.constantFrom('next', 'complete'), data: text }), { maxLength: 5 }),
        fc.constantFrom('\n', '\r\n'),
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 10 }),
        async (events, lineBreak, sizes) => {
          const lines = events.flatMap(({ event, data }) => [':', `event: ${event}`, `data: ${data}`, ''])
          const bytes = new TextEncoder().encode(lines.map((line) => line + lineBreak).join(''))
          const body = new ReadableStream<Uint8Array>({
            start(controller) {
              for (let at = 0, index = 0; at < bytes.length; index++) {
                const size = sizes[index % sizes.length] ?? 1
                controller.enqueue(bytes.subarray(at, at + size))
                at += size
              }
              controller.close()
            },
          })
          const read: ServerSentEvent[] = []
          for await (const event of readEvents(body, () => {})) read.push(event)
          expect(read).toEqual(events)
        },
      ),
    )
  })
})
