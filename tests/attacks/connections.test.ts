import { createServer } from 'node:http'
import { connect, Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { createBodyBudget } from '../../src/server/http/body-budget.js'
import { boundConnections } from '../../src/server/http/bound-connections.js'
import { TRUST_NOBODY, type TrustProxy, trustProxies } from '../../src/server/http/client-address.js'
import { type HttpServer, listen } from '../../src/server/http/http-server.js'
import {
  type CutReason,
  TRANSPORT_LIMITS,
  type TransportLimits,
} from '../../src/server/http/transport-limits.js'
import { ADMIN_TOKEN, startTestApp, type TestApp } from '../support/app.js'
import { type Listening, startListening } from './http.js'

/** As the real ones, in less time. */
const TIMEOUTS = { headersMs: 300, requestMs: 2_000, checkEveryMs: 50 }

/** Two of the largest bodies fit. */
const UNFINISHED_BYTES = 2 * TRANSPORT_LIMITS.bodyBytes

let service: TestApp
let server: HttpServer
beforeAll(async () => {
  service = await startTestApp({ transportLimits: { unfinishedBodyBytes: UNFINISHED_BYTES } })
  server = await listen(service.app, '127.0.0.1', 0, TIMEOUTS)
})
afterAll(async () => {
  await server.close(0)
  await service.close()
})

const isAlive = async () => (await fetch(`${server.url}/health/live`)).ok

const request = ({ path = '/graphql', ...init }: RequestInit & { duplex?: 'half'; path?: string }) =>
  fetch(`${server.url}${path}`, {
    method: 'POST',
    ...init,
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${ADMIN_TOKEN}`,
      ...(init.headers as Record<string, string> | undefined),
    },
  })

/** A connection that says what it is told to; `ended` gives all that came back, once the other side has hung up. */
function open(url = server.url, localAddress?: string): { socket: Socket; ended: Promise<string> } {
  const { hostname, port } = new URL(url)
  const socket = connect({ port: Number(port), host: hostname, ...(localAddress && { localAddress }) })
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
    expect(bomb.byteLength).toBeLessThan(TRANSPORT_LIMITS.bodyBytes)
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

describe('bodies that are not finished', () => {
  const UNFINISHED = 'unfinished_bodies'
  const cutCount = async () =>
    Number(
      new RegExp(`affinityql_clients_cut_total\\{reason="${UNFINISHED}"\\} (\\d+)`).exec(
        await (await request({ method: 'GET', path: '/metrics' })).text(),
      )?.[1],
    )

  /** Its requests do not run out of time. */
  let patient: HttpServer
  beforeAll(async () => {
    patient = await listen(service.app, '127.0.0.1', 0)
  })
  afterAll(() => patient.close(0))

  /** Opens a request and sends so many bytes of its body, which is larger. */
  function begin(bytes: number) {
    const { socket, ended } = open(patient.url)
    socket.write(
      `POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${TRANSPORT_LIMITS.bodyBytes}\r\n\r\n`,
    )
    socket.write(' '.repeat(bytes))
    return { socket, ended }
  }

  it('take no more than their share of memory: the oldest is refused by an error, and its connection closed', async () => {
    const before = await cutCount()
    const bodies = Array.from({ length: 6 }, () => begin(TRANSPORT_LIMITS.bodyBytes - 1))
    const refused: string[] = []
    for (const { ended } of bodies) void ended.then((answer) => refused.push(answer))
    await expect.poll(() => refused.length).toBe(4)
    for (const { socket } of bodies) socket.destroy()
    expect(await cutCount()).toBe(before + 4)
    for (const answer of refused.slice(0, 4)) {
      expect(answer).toMatch(/^HTTP\/1\.1 503/)
      const [head = '', body = ''] = answer.split('\r\n\r\n')
      expect(head.toLowerCase()).toContain('connection: close')
      expect(head.toLowerCase()).toContain('retry-after: 1')
      expect(JSON.parse(body)).toEqual({
        errors: [
          {
            message: 'Too many request bodies are incomplete at the same time. Try again in 1 s.',
            extensions: { code: 'RATE_LIMITED' },
          },
        ],
      })
    }
  })

  it('keep nobody else out', async () => {
    const unfinished = Array.from({ length: 20 }, () => begin(TRANSPORT_LIMITS.bodyBytes / 2))
    const body = JSON.stringify({ query: '{ viewer { name } }', variables: { v: ' '.repeat(90_000) } })
    const replies = await Promise.all(Array.from({ length: 5 }, () => request({ body })))
    expect(replies.map(({ status }) => status)).toContain(200)
    for (const { socket } of unfinished) socket.destroy()
    expect((await request({ body })).status).toBe(200)
  })

  it('give their memory back, however they end', () => {
    const budget = createBodyBudget({ bodyBytes: 1_000, unfinishedBodyBytes: 2_000 })
    let refusals = 0
    const [first, second] = [budget.open(() => refusals++), budget.open(() => refusals++)]
    expect([first.add(Buffer.alloc(900)), second.add(Buffer.alloc(900))]).toEqual([true, true])
    expect(budget.used).toBe(2_000)
    const third = budget.open(() => refusals++)
    expect(third.add(Buffer.from('{}'))).toBe(true)
    expect([refusals, budget.used, third.text]).toEqual([1, 2_000, '{}'])
    expect([first.add(Buffer.from('x')), third.add(Buffer.alloc(999))]).toEqual([false, false])
    for (const body of [first, second, third, third]) body.close()
    expect(budget.used).toBe(0)
  })

  it('take the memory of their bytes if they come one byte at a time', () => {
    const budget = createBodyBudget(TRANSPORT_LIMITS)
    const body = budget.open(() => {})
    for (let n = 0; n < 10_000; n++) body.add(Buffer.from('x'))
    expect(budget.used).toBeLessThanOrEqual(20_000)
  })
})

describe('connections', () => {
  const BOUNDS = { connections: 8, connectionsPerNetwork: 5 }

  async function bounded(trustProxy: TrustProxy, limits: Partial<TransportLimits> = BOUNDS) {
    const cuts: CutReason[] = []
    const transport = {
      ...service.app.transport,
      trustProxy,
      onCut: (reason: CutReason) => cuts.push(reason),
    }
    const http = await listen({ ...service.app, transport }, '127.0.0.1', 0, limits)
    onTestFinished(() => http.close(0))
    /** Opens so many connections from an address of this machine, and returns how many stay open. */
    async function openMany(count: number, localAddress: string) {
      const all = Array.from({ length: count }, () => open(http.url, localAddress))
      onTestFinished(() => all.forEach(({ socket }) => void socket.destroy()))
      // Each open connection answers, so that it counts by then.
      const answers = await Promise.all(all.map(({ socket, ended }) => answerOf(socket, ended)))
      return { sockets: all.map(({ socket }) => socket), answered: answers.filter(Boolean).length }
    }
    return { cuts, openMany }
  }

  /** True if the connection answers, false if it was cut. */
  const answerOf = (socket: Socket, ended: Promise<string>): Promise<boolean> => {
    // The request never ends, so that its connection is not idle.
    socket.write('POST /health/live HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\nexpect: 100-continue\r\n\r\n')
    return Promise.race([
      new Promise<boolean>((resolve) => socket.once('data', () => resolve(true))),
      ended.then(() => false),
    ])
  }

  it('are bounded for each address, and in all', async () => {
    const { cuts, openMany } = await bounded(TRUST_NOBODY)
    const first = await openMany(7, '127.0.0.1')
    expect([first.answered, cuts]).toEqual([5, ['address_connections', 'address_connections']])
    expect((await openMany(7, '127.0.0.2')).answered).toBe(3)
    expect(cuts.filter((reason) => reason === 'connections')).toHaveLength(4)
    for (const socket of first.sockets) socket.destroy()
    await expect.poll(async () => (await openMany(1, '127.0.0.3')).answered).toBe(1)
  })

  it('are bounded in all alone for a trusted proxy', async () => {
    const { cuts, openMany } = await bounded(trustProxies(['127.0.0.1']))
    expect((await openMany(9, '127.0.0.1')).answered).toBe(8)
    expect(cuts).toEqual(['connections'])
  })

  it('are not bounded by a limit of 0', async () => {
    const { cuts, openMany } = await bounded(TRUST_NOBODY, { connections: 0, connectionsPerNetwork: 0 })
    expect((await openMany(30, '127.0.0.1')).answered).toBe(30)
    expect(cuts).toEqual([])
  })

  it('that wait for their next request give way to new ones', async () => {
    const { openMany } = await bounded(TRUST_NOBODY, { connections: 3, connectionsPerNetwork: 0 })
    const { sockets } = await openMany(3, '127.0.0.1')
    // The requests end, and their connections are kept alive.
    for (const socket of sockets) socket.write(' '.repeat(9))
    await expect.poll(async () => (await openMany(1, '127.0.0.2')).answered).toBe(1)
  })

  it('of an IPv6 /64 count as those of one address', () => {
    const cuts: CutReason[] = []
    // No connection listener but ours: the connections are none.
    const http = createServer().removeAllListeners('connection')
    boundConnections(http, { connections: 0, connectionsPerNetwork: 2 }, TRUST_NOBODY, (reason) =>
      cuts.push(reason),
    )
    const connectFrom = (remoteAddress: string) => {
      const socket: Socket = Object.defineProperty(new Socket(), 'remoteAddress', {
        value: remoteAddress,
      })
      // Without a connection there is nothing to reset.
      socket.on('error', () => {})
      http.emit('connection', socket)
      return socket
    }
    const [first] = ['2001:db8:0:1::1', '2001:db8:0:1:ffff::2', '2001:db8:0:2::1'].map(connectFrom)
    expect(cuts).toEqual([])
    expect(connectFrom('2001:db8:0:1::3').destroyed).toBe(true)
    expect(cuts).toEqual(['address_connections'])
    first?.emit('close')
    expect(connectFrom('2001:db8:0:1::3').destroyed).toBe(false)
  })
})

describe('X-Forwarded-For', () => {
  /** A service that trusts the proxy on this machine; it is shared, since it counts nothing here. */
  let trusting: Listening | undefined
  afterAll(() => trusting?.close())

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

  it.each([
    ['of each port', '203.0.113.7:5000', '203.0.113.7'],
    ['of each port of an IPv6 address', '[2001:db8::7]:5000', '2001:db8::7'],
    ['of each zone', 'fe80::7%eth0', 'fe80::7'],
    ['of each text that is no address', 'client-7', '127.0.0.1'],
    ['of each spelling', '::ffff:cb00:7107', '203.0.113.7'],
  ])('makes no new client %s', async (_, claim, address) => {
    trusting ??= await startListening({
      env: { TRUST_PROXY: 'loopback' },
      database: 'schema',
      redis: 'empty',
    })
    const { logs } = trusting.service
    await trusting.send({
      body: '{"query":"{ __typename }"}',
      headers: { 'content-type': 'application/json', 'x-forwarded-for': claim },
    })
    expect(logs.findLast(({ msg }) => msg === 'request')).toMatchObject({ address })
  })
})
