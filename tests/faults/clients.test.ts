/** Clients that read slowly, send nothing, or all disconnect at once. */

import { createHash } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { listen } from '../../src/server/http/http-server.js'
import { STREAM_LIMITS } from '../../src/util/open-streams.js'
import { sql } from '../api/affinity-model.js'
import { FIXTURE_AFFINITIES } from '../api/clearing.js'
import { listening } from '../attacks/http.js'
import { ADMIN_TOKEN, startTestApp } from '../support/app.js'
import { measured } from '../support/figures.js'
import { heldTable } from '../support/odd-table.js'
import { writePin } from '../support/pin.js'

const BOB = '244caf9c-4dab-4481-b253-edc618187993'
const PAGE = `{ affinities(first: 1000) { nodes { id affinityKey modelId user { id username email } provider { id name displayName }
  endpoint { id baseUrl } providerKey { id name maskedKey } apiKey { id name maskedKey } staleReasons } } }`

/** A connection that has sent this and reads nothing until it is told to. */
function open(url: string, text = ''): Promise<Socket> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write(text)
      resolve(socket)
    })
    socket.once('error', reject)
    socket.pause()
    onTestFinished(() => {
      socket.destroy()
    })
  })
}

function request(query: string, accept = 'application/json', token = ADMIN_TOKEN): string {
  const body = JSON.stringify({ query })
  return `POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\naccept: ${accept}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

describe('clients that read one byte a second, or none', () => {
  it('keep nobody else waiting, and do not hold up a stop', async () => {
    const service = await startTestApp()
    onTestFinished(() => service.close())
    const server = await listen(service.app, '127.0.0.1', 0)
    const slow = await Promise.all(Array.from({ length: 50 }, () => open(server.url, request(PAGE))))
    const drip = setInterval(() => {
      for (const socket of slow) socket.read(1)
    }, 1_000)
    onTestFinished(() => clearInterval(drip))
    const answer = await measured('50 clients that do not read: another’s list', () =>
      service.query('{ affinities { totalCount } }'),
    )
    expect(answer.data).toEqual({ affinities: { totalCount: FIXTURE_AFFINITIES } })
    await measured('50 clients that do not read: a stop that gives them 500 ms', () => server.close(500))
  })
})

describe('a reader of events that stops reading', () => {
  /** Long enough that the system's own buffers hold a few thousand events and no more. */
  const LONG = 'model-'.repeat(300)
  const EVENTS = 16_000
  const QUERY = 'subscription { affinityEvents { type affinity { modelId } } }'

  it('is cut off when too many wait for it, while another gets every one', async () => {
    const server = await listening({ redis: 'empty' })
    const redis = server.service.redis.client()
    const stalled = await open(server.url, request(QUERY, 'text/event-stream'))
    const reader = await open(server.url, request(QUERY, 'text/event-stream'))
    const [byStalled, byReader] = [marksOf(stalled), marksOf(reader)]

    reader.resume()
    // Both stand some time after they were asked for.
    await expect
      .poll(
        async () => {
          await writePin(redis, { affinityKey: `${performance.now()}`, modelId: '^' })
          return byReader.get('^') ?? 0
        },
        { timeout: 10_000 },
      )
      .toBeGreaterThan(0)
    for (let n = 0; n < EVENTS; n += 500) {
      const some = Array.from({ length: 500 }, (_, m) => `key-${n + m}`)
      await Promise.all(some.map((affinityKey) => writePin(redis, { affinityKey, modelId: `${LONG}~` })))
      await expect.poll(() => byReader.get('~'), { timeout: 15_000, interval: 10 }).toBe(n + 500)
    }

    let lastWords = ''
    stalled.on('error', () => {})
    stalled.on('data', (data) => {
      lastWords = (lastWords + data.toString('latin1')).slice(-1_000)
    })
    stalled.resume()
    // The connection itself stays open for a next request, for more than a minute.
    await expect.poll(() => lastWords).toContain('event: complete')
    expect(lastWords).toContain('"code":"OVERLOADED"')
    expect(byStalled.get('~') ?? 0).toBeLessThan(EVENTS)
    expect(reader.destroyed).toBe(false)
  })

  /** How often each mark has come: one letter, so that no cut of the network's divides it. */
  function marksOf(socket: Socket): ReadonlyMap<string, number> {
    const marks = new Map<string, number>()
    socket.on('data', (data) => {
      for (const mark of ['^', '~'])
        marks.set(mark, (marks.get(mark) ?? 0) + data.toString('latin1').split(mark).length - 1)
    })
    socket.pause()
    return marks
  }
})

describe('1,000 idle connections', () => {
  it('cost the others nothing, and do not hold up a stop', async () => {
    const service = await startTestApp()
    onTestFinished(() => service.close())
    const server = await listen(service.app, '127.0.0.1', 0, { connectionsPerNetwork: 0 })
    const idle = await Promise.all(Array.from({ length: 1_000 }, () => open(server.url)))
    const reply = await measured('1,000 idle connections: another’s list', () =>
      fetch(`${server.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_TOKEN}` },
        body: JSON.stringify({ query: '{ affinities { totalCount } }' }),
      }),
    )
    expect(await reply.json()).toMatchObject({ data: { affinities: { totalCount: FIXTURE_AFFINITIES } } })
    // Long before it would cut them.
    await measured('1,000 idle connections: a stop', () => server.close(60_000))
    // The clients see the disconnection.
    for (const socket of idle) socket.resume()
    await expect.poll(() => idle.filter((socket) => !socket.destroyed).length).toBe(0)
  })
})

describe('readers of events that disconnect before the answer', () => {
  const ofBob = (n: number) =>
    `subscription { affinityEvents(filter: { userId: "${BOB}", modelId: "m-${n}" }) { type } }`
  const STATISTICS = 'subscription { cacheStats(intervalSeconds: 60) { totalAffinities } }'

  /** Opens as many as one viewer may have; how many of them were refused. */
  async function refusals(url: string): Promise<number> {
    const sockets = await Promise.all(
      Array.from({ length: STREAM_LIMITS.perViewer }, () =>
        open(url, request(STATISTICS, 'text/event-stream')),
      ),
    )
    const heard = sockets.map(() => '')
    sockets.forEach((socket, n) => {
      socket.on('data', (data) => {
        heard[n] += data.toString('latin1')
      })
      socket.resume()
    })
    await expect.poll(() => heard.every((text) => text.includes('event: next'))).toBe(true)
    for (const socket of sockets) socket.destroy()
    return heard.filter((text) => text.includes('RATE_LIMITED')).length
  }

  it('leave nothing behind while their user is still being read', async () => {
    const server = await listening()
    const { databaseUrl } = server.service
    const letGo = await heldTable(databaseUrl, 'api_keys')
    const sockets = await Promise.all(
      Array.from({ length: STREAM_LIMITS.perViewer / 10 }, (_, n) =>
        open(server.url, request(ofBob(n), 'text/event-stream')),
      ),
    )
    const looking = async () =>
      (await sql(databaseUrl, "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'")).length
    await expect.poll(looking).toBe(sockets.length)
    for (const socket of sockets) socket.destroy()
    await letGo()
    await expect.poll(looking).toBe(0)
    await expect.poll(() => refusals(server.url)).toBe(0)
    expect(server.service.logs.filter(({ level }) => Number(level) >= 50)).toEqual([])
  })

  it('leave nothing behind, a thousand of them, at any moment', async () => {
    const server = await listening({ redis: 'empty' })
    for (let wave = 0; wave < 20; wave += 1) {
      const sockets = await Promise.all(
        Array.from({ length: 50 }, () => open(server.url, request(STATISTICS, 'text/event-stream'))),
      )
      await sleep(wave)
      for (const socket of sockets) socket.resetAndDestroy()
    }
    expect((await server.post('{ viewer { name } }')).status).toBe(200)
    await expect.poll(() => refusals(server.url)).toBe(0)
    expect(server.service.logs.filter(({ level }) => Number(level) >= 50)).toEqual([])
  })
})

describe('the largest number of readers of events, disconnected at once,', () => {
  const VIEWERS = Array.from({ length: STREAM_LIMITS.all / STREAM_LIMITS.perViewer }, (_, n) => `reader-${n}`)
  const entry = (name: string) => `${name}:viewer:${createHash('sha256').update(name).digest('hex')}`
  const EVENTS = 'subscription { affinityEvents { type } }'

  it('leaves nothing behind: as many may connect again, time after time', async () => {
    const server = await listening({
      redis: 'empty',
      env: { ADMIN_TOKENS: VIEWERS.map(entry).join(), MAX_CONNECTIONS_PER_ADDRESS: '0' },
    })
    const openAll = async () => {
      const sockets = await Promise.all(
        VIEWERS.flatMap((name) =>
          Array.from({ length: STREAM_LIMITS.perViewer }, () =>
            open(server.url, request(EVENTS, 'text/event-stream', name)),
          ),
        ),
      )
      const heard = sockets.map(() => '')
      sockets.forEach((socket, n) => {
        socket.on('data', (data) => {
          heard[n] += data.toString('latin1')
        })
        socket.resume()
      })
      const opened = () =>
        heard.filter((text) => text.startsWith('HTTP/1.1 200') && !/RATE_LIMITED/.test(text)).length
      await expect.poll(() => heard.every((text) => text.includes('\r\n\r\n'))).toBe(true)
      return { sockets, opened }
    }
    const [viewer = ''] = VIEWERS
    const first = await openAll()
    expect(first.opened()).toBe(STREAM_LIMITS.all)
    const more = await server.send({
      token: viewer,
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: EVENTS }),
    })
    expect(more.text).toContain('RATE_LIMITED')
    for (const socket of first.sockets) socket.destroy()
    const answer = await measured('500 readers of events gone at once: another’s answer', () =>
      server.post('{ viewer { name } }', {}, viewer),
    )
    expect(answer.status).toBe(200)
    const openAndGo = async () => {
      const { sockets, opened } = await openAll()
      for (const socket of sockets) socket.destroy()
      return opened()
    }
    // The service hears of each end in its own time.
    for (let wave = 0; wave < 2; wave += 1) {
      await expect.poll(openAndGo).toBe(STREAM_LIMITS.all)
    }
  })
})
