/** Clients that ask and do not read: Node would keep their answers for ever. */

import { randomBytes } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { listen } from '../../src/server/http/http-server.js'
import type { CutReason, TransportLimits } from '../../src/server/http/transport-limits.js'
import { ADMIN_TOKEN, startTestApp, type TestApp } from '../support/app.js'
import { quickTable, slowTable } from '../support/odd-table.js'
import { writePin } from '../support/pin.js'

const RECORDS = 250
/** Characters of a model's name. They are random, so that an answer stays large when it is compressed. */
const NAME = 8_000
/** 10 MB: the operating system's buffers hold some 4 MB for a connection. */
const PAGES = 5
const LARGE = `{ ${Array.from({ length: PAGES }, (_, n) => `p${n}: affinities(first: ${RECORDS}) { nodes { modelId } }`).join(' ')} }`
const LARGE_BYTES = PAGES * RECORDS * NAME

let service: TestApp
beforeAll(async () => {
  service = await startTestApp({ redis: 'empty' })
  await writePins('kept')
  await vi.waitUntil(async () => {
    const { data } = await service.query('{ affinities { totalCount } }')
    return data.affinities.totalCount === RECORDS
  }, 15_000)
})
afterAll(() => service.close())

async function writePins(name: string): Promise<void> {
  const writes = service.redis.client().pipeline()
  for (let n = 0; n < RECORDS; n++) {
    const modelId = randomBytes(NAME / 2).toString('hex')
    writePin(writes, { affinityKey: `${name}-${n}`, modelId })
  }
  await writes.exec()
}

/** The service behind a port, with these limits, and what it cut. */
async function listening(limits: Partial<TransportLimits>) {
  const cuts: CutReason[] = []
  const transport = { ...service.app.transport, onCut: (reason: CutReason) => void cuts.push(reason) }
  const server = await listen({ ...service.app, transport }, '127.0.0.1', 0, limits)
  onTestFinished(() => server.close(0))
  /** Opens a connection that sends this and reads nothing until it is told to. */
  const open = async (text: string): Promise<Socket> => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    socket.on('error', () => {})
    await new Promise((resolve) => socket.once('connect', resolve))
    socket.pause()
    socket.write(text)
    return socket
  }
  return { url: server.url, cuts, open }
}

const get = (path: string, headers = 'accept: */*'): string =>
  `GET ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${ADMIN_TOKEN}\r\n${headers}\r\n\r\n`

function post(query: string, accept = 'application/json', encoding = 'identity'): string {
  const body = JSON.stringify({ query })
  return `POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${ADMIN_TOKEN}\r\naccept: ${accept}\r\naccept-encoding: ${encoding}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

/** The bytes that arrive until the connection ends. */
async function readAll(socket: Socket): Promise<number> {
  let bytes = 0
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.on('data', (data) => {
    bytes += data.length
  })
  socket.resume()
  await closed
  return bytes
}

/** The largest file of the console. Many requests for it in one packet are more than the buffers hold. */
function largestAsset(): string {
  const names = readdirSync('dist/web/assets').filter((name) => !/\.(br|gz)$/.test(name))
  const sizes = names.map((name) => ({ name, size: statSync(`dist/web/assets/${name}`).size }))
  return `/assets/${sizes.sort((a, b) => b.size - a.size)[0]?.name}`
}

/** Each event has 40 kB. */
const EVENTS =
  'subscription { affinityEvents { affinity { a: modelId b: modelId c: modelId d: modelId e: modelId } } }'
const SOON: Partial<TransportLimits> = { stalledWriteMs: 300 }

describe('a connection that stalls is cut:', () => {
  it.each<[string, () => string]>([
    ['an answer of GraphQL', () => post(LARGE)],
    ['an answer of GraphQL as gzip', () => post(LARGE, 'application/json', 'gzip')],
    ['the page of GraphiQL', () => get('/graphql', 'accept: text/html')],
    ['many files of the console', () => get(largestAsset()).repeat(100)],
    ['many pages of metrics', () => get('/metrics').repeat(500)],
  ])('%s', async (_, text) => {
    const server = await listening({ ...SOON, waitingRequests: 500 })
    const socket = await server.open(text())
    await expect.poll(() => server.cuts, { interval: 20 }).toEqual(['stalled_answer'])
    expect(await readAll(socket)).toBeLessThan(LARGE_BYTES * 0.75)
    expect((await fetch(`${server.url}/health/live`)).status).toBe(200)
  })

  it('a stream of events', async () => {
    const server = await listening(SOON)
    const socket = await server.open(post(EVENTS, 'text/event-stream'))
    await expect
      .poll(
        async () => {
          await writePins('event')
          return server.cuts
        },
        { interval: 20 },
      )
      .toEqual(['stalled_answer'])
    await readAll(socket)
  })

  it('also if its client sends further requests', async () => {
    const server = await listening(SOON)
    const socket = await server.open(post(LARGE))
    const drip = setInterval(() => socket.write(get('/health/live')), 60)
    onTestFinished(() => clearInterval(drip))
    await expect.poll(() => server.cuts, { interval: 20 }).toEqual(['stalled_answer'])
  })

  it('also if its client takes a few bytes now and then (Slow Read)', async () => {
    const server = await listening(SOON)
    const socket = await server.open(post(LARGE))
    const drip = setInterval(() => socket.read(1), 30)
    onTestFinished(() => clearInterval(drip))
    await expect.poll(() => server.cuts, { interval: 20 }).toEqual(['stalled_answer'])
  })
})

it('requests of one packet run one after the other, and none after the answer that is not read', async () => {
  const server = await listening(SOON)
  const requestCount = () => service.logs.filter(({ msg }) => msg === 'request').length
  const before = requestCount()
  const read = await server.open(
    post('{ viewer { name } }').repeat(9) +
      post('{ viewer { name } }').replace('host: x', 'host: x\r\nconnection: close'),
  )
  expect(await readAll(read)).toBeGreaterThan(0)
  expect(requestCount()).toBe(before + 10)

  await server.open(post(LARGE).repeat(10))
  await expect.poll(() => server.cuts, { interval: 20 }).toEqual(['stalled_answer'])
  expect(requestCount()).toBe(before + 11)
})

describe('a connection is not cut', () => {
  it('if its client is slow but goes on reading', async () => {
    const server = await listening(SOON)
    const socket = await server.open(post(LARGE).replace('host: x', 'host: x\r\nconnection: close'))
    socket.on('data', () => {
      socket.pause()
      setTimeout(() => socket.resume(), 5)
    })
    const startedAt = performance.now()
    expect(await readAll(socket)).toBeGreaterThan(LARGE_BYTES)
    expect(performance.now() - startedAt).toBeGreaterThan(300)
    expect(server.cuts).toEqual([])
  })

  it('while it waits for an answer, or for the next event', async () => {
    const server = await listening({ stalledWriteMs: 100 })
    const stream = await server.open(post(EVENTS, 'text/event-stream'))
    await slowTable(service.databaseUrl, 'users', 0.5)
    const socket = await server.open(
      post('{ apiKeys: userAffinities(identifier: "alice") { __typename } }').replace(
        'host: x',
        'host: x\r\nconnection: close',
      ),
    )
    expect(await readAll(socket)).toBeGreaterThan(0)
    await quickTable(service.databaseUrl, 'users')
    expect(server.cuts).toEqual([])
    expect(stream.destroyed).toBe(false)
  })
})

describe('the memory for all answers that wait', () => {
  /** Two of these answers fit. */
  const TIGHT = { unreadAnswerBytes: 2.5 * LARGE_BYTES, unreadGraceMs: 100, stalledWriteMs: 60_000 }

  it.each(['identity', 'gzip'])('is bounded: the oldest are cut (%s)', async (encoding) => {
    const server = await listening(TIGHT)
    const sockets: Socket[] = []
    for (let n = 0; n < 5; n++) sockets.push(await server.open(post(LARGE, 'application/json', encoding)))
    await expect.poll(() => server.cuts, { interval: 20 }).toEqual(Array(3).fill('unread_answers'))
    await sleep(200)
    expect(server.cuts).toHaveLength(3)
  })

  it('is not spent by answers that are taken', async () => {
    const server = await listening({ ...TIGHT, unreadAnswerBytes: 1_000_000 })
    const answers = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const socket = await server.open(
          post('{ affinities(first: 25) { nodes { modelId } } }').replace(
            'host: x',
            'host: x\r\nconnection: close',
          ),
        )
        return readAll(socket)
      }),
    )
    expect(Math.min(...answers)).toBeGreaterThan(25 * NAME)
    expect(server.cuts).toEqual([])
  })
})
