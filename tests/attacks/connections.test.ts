import { connect, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MAX_BODY_BYTES } from '../../src/server/create-yoga.js'
import { type HttpServer, listen } from '../../src/server/http/http-server.js'
import { ADMIN_TOKEN, startTestApp, type TestApp } from '../support/app.js'

/** As the real ones, in less time. */
const TIMEOUTS = { headers: 300, request: 600, checkEvery: 50 }

let service: TestApp
let server: HttpServer
beforeAll(async () => {
  service = await startTestApp()
  server = await listen(service.app, '127.0.0.1', 0, TIMEOUTS)
})
afterAll(async () => {
  await server.close(0)
  await service.close()
})

const isAlive = async () => (await fetch(`${server.url}/health/live`)).ok

const request = (init: RequestInit & { duplex?: 'half' }) =>
  fetch(`${server.url}/graphql`, {
    method: 'POST',
    ...init,
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${ADMIN_TOKEN}`,
      ...(init.headers as Record<string, string> | undefined),
    },
  })

/** A connection that says what it is told to; `ended` gives all that came back, once the other side has hung up. */
function open(): { socket: Socket; ended: Promise<string> } {
  const { hostname, port } = new URL(server.url)
  const socket = connect(Number(port), hostname)
  let received = ''
  socket.on('data', (chunk) => {
    received += chunk
  })
  // A reset is one way of hanging up.
  socket.on('error', () => {})
  return { socket, ended: new Promise((resolve) => socket.on('close', () => resolve(received))) }
}

/** Sends one byte after another until nobody listens any more. */
function drip(socket: Socket, text: string): void {
  let at = 0
  const timer = setInterval(() => socket.write(text[at++ % text.length] ?? ''), 20)
  socket.on('close', () => clearInterval(timer))
}

describe('a client that sends one byte at a time', () => {
  it('is disconnected while it sends its headers', async () => {
    const { socket, ended } = open()
    socket.write('POST /graphql HTTP/1.1\r\nhost: x\r\n')
    drip(socket, 'x-slow: a\r\n')
    expect(await ended).toMatch(/^HTTP\/1\.1 408|^$/)
    expect(await isAlive()).toBe(true)
  })

  it('is disconnected while it sends its body', async () => {
    const { socket, ended } = open()
    const head = `POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${ADMIN_TOKEN}\r\n`
    socket.write(`${head}content-type: application/json\r\ncontent-length: 100000\r\n\r\n`)
    drip(socket, ' ')
    const answer = await ended
    expect(answer).not.toContain('HTTP/1.1 2')
    expect(answer).not.toContain('HTTP/1.1 5')
    expect(await isAlive()).toBe(true)
  })

  it('is not logged as an error of the service', () => {
    // The fixtures' broken records are warned of; nothing is an error.
    expect(service.logs.filter(({ level }) => Number(level) > 40)).toEqual([])
  })
})

describe('a body of 12 MB', () => {
  const large = Buffer.from(
    JSON.stringify({ query: '{viewer{name}}', variables: { v: 'x'.repeat(12_000_000) } }),
  )

  /** The answer, or nothing where the connection was cut while the client was still sending. */
  const statusOf = (answer: Promise<Response>) =>
    answer.then(
      ({ status }) => status,
      () => 'cut',
    )

  it('is refused by its announced length', async () => {
    expect(await statusOf(request({ body: large }))).toBe(413)
    expect(await isAlive()).toBe(true)
  })

  it('is refused without an announced length, before it has arrived completely', async () => {
    let taken = 0
    const body = new ReadableStream({
      pull(controller) {
        if (taken >= large.byteLength) return controller.close()
        controller.enqueue(new Uint8Array(large.subarray(taken, taken + 65_536)))
        taken += 65_536
      },
    })
    expect([413, 'cut']).toContain(await statusOf(request({ body, duplex: 'half' })))
    expect(await isAlive()).toBe(true)
  })

  it('is refused if its announced length is too small', async () => {
    const { socket, ended } = open()
    const head = `POST /graphql HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer ${ADMIN_TOKEN}\r\n`
    socket.end(`${head}content-type: application/json\r\ncontent-length: 20\r\n\r\n${' '.repeat(1_000_000)}`)
    expect(await ended).not.toContain('HTTP/1.1 2')
    expect(await isAlive()).toBe(true)
  })

  it('is refused as a few kilobytes of gzip, which the service does not decompress', async () => {
    const bomb = gzipSync(large)
    expect(bomb.byteLength).toBeLessThan(MAX_BODY_BYTES)
    const reply = await request({ body: bomb, headers: { 'content-encoding': 'gzip' } })
    expect([reply.status, await reply.text()]).toEqual([415, expect.stringContaining('BAD_USER_INPUT')])
  })

  it('leaves no memory behind, however often it comes', async () => {
    const send = async () => {
      for (let time = 0; time < 10; time++) await statusOf(request({ body: large }))
    }
    const growths: number[] = []
    let before = process.memoryUsage().rss
    // A leak adds memory in every round. Without a leak at least one round adds little: client and server, both in this
    // process, allocate their buffers in the first round, and the moment of a garbage collection is random.
    for (let round = 0; round < 4 && !growths.some((bytes) => bytes < 100_000_000); round += 1) {
      await send()
      const after = process.memoryUsage().rss
      if (round > 0) growths.push(after - before)
      before = after
    }
    expect(Math.min(...growths)).toBeLessThan(100_000_000)
  })

  it('as headers is refused', async () => {
    const { socket, ended } = open()
    socket.write(`GET /graphql HTTP/1.1\r\nhost: x\r\nx-large: ${'x'.repeat(1_000_000)}\r\n\r\n`)
    expect(await ended).toMatch(/^HTTP\/1\.1 431|^$/)
  })
})

describe('X-Forwarded-For', () => {
  const WRONG = 'mutation($e: String!) { login(email: $e, password: "wrong") { __typename } }'

  /** How many of ten wrong passwords, each for another account and from another claimed address, are looked at. */
  async function guessesTaken(
    claim: (index: number) => string,
    env: Record<string, string>,
  ): Promise<number> {
    const guarded = await startTestApp({ env, database: 'schema', redis: 'empty' })
    const behind = await listen(guarded.app, '127.0.0.1', 0)
    let taken = 0
    try {
      for (let index = 0; index < 10; index++) {
        const reply = await fetch(`${behind.url}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-forwarded-for': claim(index) },
          body: JSON.stringify({ query: WRONG, variables: { e: `nobody-${index}@example.com` } }),
        })
        const text = await reply.text()
        if (text.includes('InvalidCredentialsError')) taken++
        else expect(text).toContain('RATE_LIMITED')
      }
    } finally {
      await behind.close(0)
      await guarded.close()
    }
    return taken
  }

  it('is not believed unless TRUST_PROXY says so', async () => {
    expect(await guessesTaken((index) => `203.0.113.${index}`, {})).toBe(5)
  })

  it('is not believed from an address that TRUST_PROXY does not name', async () => {
    expect(await guessesTaken((index) => `203.0.113.${index}`, { TRUST_PROXY: '10.0.0.0/8' })).toBe(5)
  })

  it('is believed from a proxy that it names', async () => {
    expect(await guessesTaken((index) => `203.0.113.${index}`, { TRUST_PROXY: 'loopback' })).toBe(10)
  })

  it('is believed for the entries of trusted proxies only, and not for those that the client put before them', async () => {
    expect(await guessesTaken((index) => `203.0.113.${index}, 198.51.100.7`, { TRUST_PROXY: '1' })).toBe(5)
  })
})
