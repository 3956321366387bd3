/**
 * Measures how many events the service delivers: clients in a process of their own subscribe over SSE on a real port, and a
 * gateway in a process of its own refreshes records. `tsx bench/fan-out.ts [subscribers] [events a second] [seconds]`.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { startPostgres } from '../tests/support/servers/postgres.js'
import { startRedis } from '../tests/support/servers/redis.js'
import { printTable, quantile } from './lib/measure.js'
import { type SoakService, startSoakService } from './lib/soak-service.js'
import { makeWorld } from './lib/world.js'

const SELF = fileURLToPath(import.meta.url)
const RECORDS = 10_000
/** A viewer may have only 50 subscriptions. */
const VIEWERS = 20
/** Time in which events may still arrive after the last write, in milliseconds. */
const LATE_MS = 6_000

/** Each has the field by which the clients tell when a record was written. */
const SELECTIONS = [
  'type at affinity { affinityKey requestCount }',
  'type at affinity { id affinityKey apiFormat modelId providerId providerKeyId requestCount expiresAt }',
  'type affinity { requestCount expiresAt }',
  'type at affinity { id requestCount } previousProviderId',
  'at affinity { family affinityKey endpointId requestCount ttlSeconds }',
]

/** Returns tenths of a millisecond since the bench began, by a clock that all processes share. They fit into a request count. */
const ticksSince = (beganAt: number): number =>
  Math.round((performance.timeOrigin + performance.now() - beganAt) * 10)

interface Delivered {
  readonly events: number
  /** Milliseconds from the write to the arrival, of some of the events. */
  readonly delays: readonly number[]
  /** Streams that ended, by what their clients were told. */
  readonly ended: Readonly<Record<string, number>>
}

interface ClientsOptions {
  readonly url: string
  readonly tokens: readonly string[]
  readonly subscribers: number
  readonly selections: number
  readonly beganAt: number
}

const MARK = Buffer.from('"requestCount":')
/** A delay is taken from the last event of so many chunks that arrive. */
const SAMPLE_EVERY = 20

/** Subscribes, says `ready` when all streams are open, counts until its stdin ends, and prints what arrived. */
async function runClients({ url, tokens, subscribers, selections, beganAt }: ClientsOptions): Promise<void> {
  const agent = new Agent({ maxSockets: Number.POSITIVE_INFINITY })
  const delays: number[] = []
  const ended: Record<string, number> = {}
  let events = 0
  let chunks = 0
  let isOver = false

  function follow(response: IncomingMessage): void {
    let rest = Buffer.alloc(0)
    response.on('data', (chunk: Buffer) => {
      const data = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
      let last = -1
      for (let at = data.indexOf(MARK); at >= 0; at = data.indexOf(MARK, at + MARK.length)) {
        events += 1
        last = at
      }
      chunks += 1
      if (last >= 0 && chunks % SAMPLE_EVERY === 0) {
        const ticks = Number.parseInt(
          data.toString('latin1', last + MARK.length, last + MARK.length + 12),
          10,
        )
        delays.push((ticksSince(beganAt) - ticks) / 10)
      }
      // A mark may be cut in two, and the last words of a stream are in its last bytes.
      rest = Buffer.from(data.subarray(Math.max(last + MARK.length, data.length - 400)))
    })
    const end = () => {
      if (isOver) return
      const told = /"code":"(\w+)"/.exec(rest.toString('latin1'))?.[1] ?? 'nothing'
      ended[told] = (ended[told] ?? 0) + 1
    }
    response.on('end', end)
    response.on('error', end)
  }

  await Promise.all(
    Array.from({ length: subscribers }, async (_, n) => {
      const query = `subscription { affinityEvents { ${SELECTIONS[n % selections]} } }`
      const sent = request(`${url}/graphql`, {
        method: 'POST',
        agent,
        headers: {
          'content-type': 'application/json',
          accept: 'text/event-stream',
          authorization: `Bearer ${tokens[n % tokens.length]}`,
        },
      })
      sent.end(JSON.stringify({ query }))
      const [response] = (await once(sent, 'response')) as [IncomingMessage]
      if (response.statusCode !== 200) throw new Error(`${response.statusCode}: ${await text(response)}`)
      follow(response)
    }),
  )
  console.log('ready')
  process.stdin.resume()
  await once(process.stdin, 'end')
  isOver = true
  agent.destroy()
  console.log(JSON.stringify({ events, delays, ended } satisfies Delivered))
}

interface WriterOptions {
  readonly url: string
  readonly perSecond: number
  readonly seconds: number
  readonly beganAt: number
}

/** Refreshes records at a constant rate, and prints how many it has written. */
async function runWriter({ url, perSecond, seconds, beganAt }: WriterOptions): Promise<void> {
  const redis = new Redis(url)
  const keys = await redis.keys('cache_affinity:*')
  const values = (await redis.mget(...keys)).map((value) => JSON.parse(value ?? ''))
  const startedAt = performance.now()
  let written = 0
  while (performance.now() - startedAt < seconds * 1_000) {
    const due = ((performance.now() - startedAt) / 1_000) * perSecond
    for (; written < due; written++) {
      const n = (written * 7_919) % keys.length
      const [key = '', value] = [keys[n], values[n]]
      // Its expiry grows at each use, as a gateway's does.
      const ttl = 20_000 + Math.floor(written / keys.length)
      const used = { expire_at: Date.now() / 1_000 + ttl, request_count: ticksSince(beganAt) }
      void redis.set(key, JSON.stringify({ ...value, ...used }), 'EX', ttl)
    }
    await sleep(1)
  }
  await redis.quit()
  console.log(written)
}

const start = (role: string, options: object): ChildProcess =>
  spawn(process.execPath, ['--import', 'tsx', SELF, role, JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })

function linesOf(child: ChildProcess): AsyncIterator<string> {
  if (!child.stdout) throw new Error('The process has no stdout.')
  return createInterface({ input: child.stdout })[Symbol.asyncIterator]()
}

async function nextLine(lines: AsyncIterator<string>): Promise<string> {
  const { value, done } = await lines.next()
  if (done) throw new Error('A process of the bench has ended early.')
  return value
}

interface Load {
  readonly subscribers: number
  readonly perSecond: number
  readonly seconds: number
}

/** Runs one load, and returns its row. */
async function benchLoad(
  service: SoakService,
  redisUrl: string,
  selections: number,
  { subscribers, perSecond, seconds }: Load,
): Promise<(string | number)[]> {
  const beganAt = performance.timeOrigin + performance.now()
  const { url, tokens } = service
  const clients = start('clients', { url, tokens, subscribers, selections, beganAt })
  const clientLines = linesOf(clients)
  await nextLine(clientLines)
  const cpuAtStart = service.cpuMs()
  const writer = start('writer', { url: redisUrl, perSecond, seconds, beganAt })
  const written = Number(await nextLine(linesOf(writer)))
  await sleep(LATE_MS)
  const cpuMs = service.cpuMs() - cpuAtStart
  clients.stdin?.end()
  const { events, delays, ended }: Delivered = JSON.parse(await nextLine(clientLines))
  const cut = Object.entries(ended).map(([told, count]) => `${count} ${told}`)
  return [
    `${subscribers} × ${perSecond}/s, ${selections === 1 ? 'equal selections' : `${selections} selections`}`,
    written / seconds,
    (events / (written * subscribers)) * 100,
    quantile(delays, 0.5),
    quantile(delays, 0.99),
    (cpuMs * 1_000) / Math.max(1, events),
    service.peakMiB() ?? 'ended',
    cut.join(', ') || 'none',
  ]
}

/** Measures the delivery of events to many subscribers, first of equal selections and then of five. */
export async function benchFanOut(load: Load): Promise<void> {
  const [postgres, server] = await Promise.all([startPostgres(), startRedis()])
  const redis = server.client()
  try {
    const databaseUrl = postgres.createDatabase('bench')
    await makeWorld(databaseUrl, redis, RECORDS)
    const rows: (string | number)[][] = []
    for (const selections of [1, SELECTIONS.length]) {
      const stores = { databaseUrl, redisUrl: server.url }
      const service = await startSoakService(stores, VIEWERS, {
        environment: { MAX_CONNECTIONS: '0', MAX_CONNECTIONS_PER_ADDRESS: '0' },
      })
      try {
        rows.push(await benchLoad(service, server.url, selections, load))
      } finally {
        await service.stop()
      }
    }
    printTable(
      'Events to many subscribers',
      ['', 'events/s', '% delivered', 'p50 ms', 'p99 ms', 'µs of CPU a delivery', 'peak MiB', 'cut, told'],
      rows,
    )
  } finally {
    redis.disconnect()
    await Promise.all([postgres.stop(), server.stop()])
  }
}

const [program, role, options = '{}'] = process.argv.slice(1)
if (program === SELF && role === 'clients') await runClients(JSON.parse(options))
else if (program === SELF && role === 'writer') await runWriter(JSON.parse(options))
else if (program === SELF) {
  const [subscribers = 500, perSecond = 1_000, seconds = 10] = process.argv.slice(2).map(Number)
  await benchFanOut({ subscribers, perSecond, seconds })
}
