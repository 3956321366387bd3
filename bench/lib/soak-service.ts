import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { FIXTURE_SECRETS } from '../../tests/support/fixtures.js'
import { freePort, ServerProcess, temporaryDirectory } from '../../tests/support/servers/child.js'

const PROBE = fileURLToPath(new URL('soak-probe.mjs', import.meta.url))
const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

export interface Sample {
  /** Heap in use and external memory, after a garbage collection. */
  readonly liveBytes: number
  readonly rssBytes: number
  /** Delay of the event loop since the previous sample. */
  readonly p99Ms: number
  readonly maxMs: number
}

export interface Answer<Data> {
  readonly data: Data
  readonly errors?: readonly unknown[]
}

/** The built service in a process of its own, with NODE_ENV=production. */
export interface SoakService {
  readonly url: string
  /** Static tokens, one for each viewer: a viewer may have only 50 subscriptions. */
  readonly tokens: readonly string[]
  sample(): Promise<Sample>
  ask<Data>(query: string, variables?: object): Promise<Answer<Data>>
  metric(name: string): Promise<number>
  /** Returns the largest resident memory so far, in MiB; undefined if the process has ended. */
  peakMiB(): number | undefined
  /** Returns the milliseconds of the processor's time that it has used. */
  cpuMs(): number
  /** Returns the latest lines that it has printed. */
  readonly output: string
  /** Returns the warnings and errors in its log. */
  warnings(): readonly string[]
  /** Ends it. @param graceMs milliseconds after which it is killed; default: 5,000 */
  stop(graceMs?: number): Promise<void>
}

/** Linux counts processor time in these, whatever the machine. */
const CLOCK_TICK_MS = 10

export interface ServiceOptions {
  /** The limit of V8's old generation, in MiB; default: Node's own. */
  readonly heapMiB?: number
  /** Variables beside those that every run needs. */
  readonly environment?: Readonly<Record<string, string>>
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

export async function startSoakService(
  stores: { readonly databaseUrl: string; readonly redisUrl: string },
  viewers: number,
  { heapMiB, environment = {} }: ServiceOptions = {},
): Promise<SoakService> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const tokens = Array.from({ length: viewers }, (_, n) => `soak-token-${n}`)
  const answers = (path: string) => () =>
    fetch(`${url}${path}`).then(
      ({ status }) => status === 200,
      () => false,
    )
  const child = new ServerProcess(
    {
      command: process.execPath,
      args: [
        ...(heapMiB === undefined ? [] : [`--max-old-space-size=${heapMiB}`]),
        ...['--expose-gc', '--import', PROBE, MAIN],
      ],
      environment: {
        NODE_ENV: 'production',
        LOG_LEVEL: 'warn',
        PORT: `${port}`,
        DATABASE_URL: stores.databaseUrl,
        REDIS_URL: stores.redisUrl,
        ENCRYPTION_KEY: FIXTURE_SECRETS.encryptionKey,
        JWT_SECRET_KEY: sha256(FIXTURE_SECRETS.jwtSecret),
        ADMIN_TOKENS: tokens.map((token, n) => `soak-${n}:admin:${sha256(token)}`).join(),
        AUDIT_SPOOL_DIR: temporaryDirectory('soak-spool'),
        RATE_LIMIT_VIEWER: '0',
        ...environment,
      },
    },
    answers('/health/live'),
  )
  await child.start()
  // The first read of very many records takes longer than any process may take to start.
  while (!(await answers('/health/ready')())) {
    if (child.hasEnded) throw new Error(`The service ended: ${child.output}`)
    await sleep(50)
  }
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${tokens[0]}` }
  const warned = new Set<string>()
  // `child.output` has only the latest lines, so that warnings are collected at each call.
  const probes = () => {
    const lines = child.output.split('\n')
    for (const line of lines) if (line.startsWith('{"level"')) warned.add(line)
    return lines.filter((line) => line.startsWith('{"probe"') && line.endsWith('}'))
  }

  return {
    url,
    tokens,
    async sample() {
      const before = probes().at(-1)
      child.signal('SIGUSR2')
      for (const until = Date.now() + 10_000; Date.now() < until; await sleep(5)) {
        const line = probes().at(-1)
        if (line !== undefined && line !== before) return JSON.parse(line).probe
      }
      throw new Error(`The service does not tell its memory: ${child.output}`)
    },
    async ask<Data>(query: string, variables: object = {}) {
      const body = JSON.stringify({ query, variables })
      const response = await fetch(`${url}/graphql`, { method: 'POST', headers, body })
      return (await response.json()) as Answer<Data>
    },
    async metric(name) {
      const text = await (await fetch(`${url}/metrics`, { headers })).text()
      const value = new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]
      if (value === undefined) throw new Error(`There is no metric ${name}.`)
      return Number(value)
    },
    peakMiB() {
      try {
        const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
        return Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1]) / 1_024
      } catch {
        return undefined
      }
    },
    cpuMs() {
      // The name of the program, in brackets, may have blanks.
      const [, figures = ''] = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')
      const [user = 0, system = 0] = figures.split(' ').slice(11, 13).map(Number)
      return (user + system) * CLOCK_TICK_MS
    },
    get output() {
      return child.output
    },
    warnings() {
      probes()
      return [...warned]
    },
    stop: (graceMs) => child.end('SIGTERM', graceMs),
  }
}
