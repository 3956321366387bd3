import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { run } from '../../src/cli/run.js'
import type { Streams } from '../../src/cli/terminal.js'
import { listen } from '../../src/server/http/http-server.js'
import { ADMIN_TOKEN, startTestApp, type TestApp, type TestAppOptions } from '../support/app.js'
import { freePort } from '../support/servers/child.js'

export const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

export interface TestServer extends TestApp {
  readonly url: string
}

/** The whole service on the fixtures, listening. */
export async function startServer(options?: TestAppOptions): Promise<TestServer> {
  const service = await startTestApp(options)
  const http = await listen(service.app, '127.0.0.1', 0)
  return {
    ...service,
    url: http.url,
    async close() {
      await http.close(0)
      await service.app.close()
      await service.redis.stop()
    },
  }
}

/** Returns a URL at which nothing listens. */
export const refusingUrl = async (): Promise<string> => `http://127.0.0.1:${await freePort()}`

export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly server?: Pick<TestServer, 'url'>
  readonly token?: string | undefined
  readonly input?: string
  readonly env?: Readonly<Record<string, string>>
}

export interface Said {
  stdout: string
  stderr: string
}

const environment = ({ server, token = ADMIN_TOKEN, env }: RunOptions) => ({
  PATH: process.env['PATH'] ?? '',
  ...(server && { AFFINITYQL_URL: server.url, AFFINITYQL_TOKEN: token }),
  ...env,
})

/** The built command line as a process of its own, without a terminal. */
export function startCli(args: readonly string[], options: RunOptions = {}): ChildProcess {
  const child = spawn(process.execPath, [CLI, ...args], { env: environment(options), stdio: 'pipe' })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

/**
 * The command line in this process: one of its own takes longer to start than most commands take. It has no terminal, or
 * one of so many columns that nobody types at.
 * @param live what was printed so far
 */
export async function affinityql(
  args: readonly string[],
  options: RunOptions & {
    readonly live?: Said
    readonly signal?: AbortSignal
    readonly columns?: number
  } = {},
): Promise<Outcome> {
  const { live: said = { stdout: '', stderr: '' }, signal = new AbortController().signal, columns } = options
  const kept = (stream: keyof Said) =>
    Object.assign(
      new Writable({
        decodeStrings: false,
        write(text: string, _encoding, done) {
          said[stream] += text
          done()
        },
      }),
      columns === undefined ? {} : { isTTY: true, columns },
    )
  const streams = {
    stdin: Readable.from([options.input ?? '']),
    stdout: kept('stdout'),
    stderr: kept('stderr'),
    env: environment(options),
  } as unknown as Streams
  const code = await run(args, streams, signal)
  return { code, ...said }
}

/** Answers to questions, each given once its question stands on the terminal. */
export type Dialogue = readonly (readonly [question: RegExp, answer: string])[]

const ON_A_TERMINAL = 'import pty, sys, os; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))'

/** The same on a terminal of its own, where a person answers. Both streams are what the terminal shows. */
export async function onTerminal(
  args: readonly string[],
  dialogue: Dialogue,
  options: RunOptions = {},
): Promise<{ readonly code: number | null; readonly screen: string }> {
  const child = spawn('python3', ['-c', ON_A_TERMINAL, process.execPath, CLI, ...args], {
    env: { TERM: 'xterm', ...environment(options) },
    stdio: 'pipe',
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const waiting = [...dialogue]
  let screen = ''
  let unread = 0
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text
    const [question, answer] = waiting[0] ?? []
    if (!question?.test(screen.slice(unread))) return
    unread = screen.length
    waiting.shift()
    child.stdin.write(answer ?? '')
  })
  const [code] = await once(child, 'close')
  return { code, screen: screen.replaceAll('\r\n', '\n') }
}

export const jsonLines = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
