/** Measures the command line: time and memory to list all records as NDJSON, beside a raw scan of them. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import pino from 'pino'
import { listen } from '../src/server/http/http-server.js'
import { ADMIN_TOKEN, testConfig } from '../tests/support/app.js'
import { startPostgres } from '../tests/support/servers/postgres.js'
import { startRedis } from '../tests/support/servers/redis.js'
import { createApp } from './lib/built-app.js'
import { rawScan } from './lib/floors.js'
import { median, printTable } from './lib/measure.js'
import { makeWorld } from './lib/world.js'

const CLI = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))
const RUNS = 5

/** Module that prints what the process has used as the last line of stderr, in JSON: KiB at its peak, and microseconds. */
const TELL_USE =
  'data:text/javascript,process.on("exit",()=>process.stderr.write("\\n"+JSON.stringify(process.resourceUsage())))'

interface Listing {
  readonly ms: number
  readonly lines: number
  readonly peakMegabytes: number
  /** Milliseconds of the processor's time that the command line has used. */
  readonly cpuMs: number
  /** The same for this process, where the service runs. */
  readonly serviceCpuMs: number
}

const cpuMsOf = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1_000

async function list(url: string, args: readonly string[]): Promise<Listing> {
  const startedAt = performance.now()
  const cpuAtStart = process.cpuUsage()
  const child = spawn(
    process.execPath,
    ['--import', TELL_USE, CLI, 'affinities', 'list', '--ndjson', ...args],
    {
      env: { PATH: process.env['PATH'], AFFINITYQL_URL: url, AFFINITYQL_TOKEN: ADMIN_TOKEN },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let said = ''
  // The server runs in this process, and counting lines here would slow it down.
  const counter = spawn('wc', ['-l'], { stdio: [child.stdout, 'pipe', 'ignore'] })
  const counted = text(counter.stdout)
  child.stderr.on('data', (chunk) => {
    said += chunk
  })
  // The event `close` would never come: it waits for the end of stdout, which only the counter reads.
  const [[code], lines] = await Promise.all([once(child, 'exit'), counted, once(child.stderr, 'end')])
  if (code !== 0) throw new Error(`the command line ended with ${code}: ${said}`)
  const ms = performance.now() - startedAt
  const serviceCpuMs = cpuMsOf(process.cpuUsage(cpuAtStart))
  const { maxRSS, userCPUTime, systemCPUTime }: NodeJS.ResourceUsage = JSON.parse(
    said.split('\n').at(-1) ?? '',
  )
  return {
    ms,
    lines: Number(lines),
    peakMegabytes: maxRSS / 1_024,
    cpuMs: cpuMsOf({ user: userCPUTime, system: systemCPUTime }),
    serviceCpuMs,
  }
}

async function repeated<T>(runs: number, run: () => Promise<T>): Promise<T[]> {
  const all: T[] = []
  for (let index = 0; index < runs; index++) all.push(await run())
  return all
}

/**
 * Measures the listings of the command line.
 * @param count number of records in Redis
 */
export async function benchCli(count: number): Promise<void> {
  const [postgres, redisServer] = await Promise.all([startPostgres(), startRedis()])
  const redis = redisServer.client()
  try {
    const databaseUrl = postgres.createDatabase('bench')
    await makeWorld(databaseUrl, redis, count)
    const app = await createApp(testConfig({ DATABASE_URL: databaseUrl, REDIS_URL: redisServer.url }), {
      logger: pino({ level: 'silent' }),
    })
    const server = await listen(app, '127.0.0.1', 0)

    const scans = await repeated(RUNS, async () => {
      const startedAt = performance.now()
      const records = await rawScan(redis)
      if (records !== count) throw new Error(`the scan saw ${records} of ${count} records`)
      return performance.now() - startedAt
    })
    const scan = median(scans)
    const rows: (string | number)[][] = [['floor: SCAN + MGET + JSON.parse', scan, 1, '', '', '']]
    for (const [name, args, wanted] of [
      ['--ndjson --records', ['--records'], count],
      ['--ndjson, with names', [], count],
      ['--ndjson --details', ['--details'], count],
      ['--ndjson --records --limit 10000', ['--records', '--limit', '10000'], 10_000],
    ] as const) {
      const listings = await repeated(RUNS, () => list(server.url, args))
      for (const { lines } of listings) if (lines !== wanted) throw new Error(`${lines} lines of ${wanted}`)
      const ms = median(listings.map(({ ms: one }) => one))
      const peak = Math.max(...listings.map(({ peakMegabytes }) => peakMegabytes))
      const cpu = median(listings.map(({ cpuMs }) => cpuMs))
      const serviceCpu = median(listings.map(({ serviceCpuMs }) => serviceCpuMs))
      rows.push([name, ms, ms / scan, cpu, serviceCpu, peak])
    }
    printTable(
      `affinityql affinities list, ${count.toLocaleString('en')} records`,
      ['', 'ms', 'x scan', 'CPU ms', 'CPU ms of the service', 'peak MB'],
      rows,
    )
    await server.close(0)
    await app.close()
  } finally {
    await Promise.all([postgres.stop(), redisServer.stop()])
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await benchCli(Number(process.argv[2] ?? 100_000))
