/**
 * Server processes that end with the test process, whether it crashes, is interrupted or ends, together with their
 * directories.
 */
import { execFile } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { findProgram } from '../../../scripts/ensure-services.mjs'
import { type Launcher, openLauncher, type Started } from './launcher.js'

const running = new Set<Started>()
const directories = new Set<string>()

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
})
// Vitest ends its workers by SIGTERM, which by default would skip the exit handlers.
process.on('SIGTERM', () => process.exit())

/** Creates a directory that is removed with the test process. All users may enter it, since a server may run as another one. */
export function temporaryDirectory(name: string): string {
  const directory = mkdtempSync(join(tmpdir(), `affinityql-${name}-`))
  chmodSync(directory, 0o755)
  directories.add(directory)
  return directory
}

export function removeDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true, maxRetries: 3 })
  directories.delete(directory)
}

const canListen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })

const taken = new Set<number>()

/**
 * A port of 127.0.0.1 that is free now. Below the range from which the system gives out ports to outgoing connections,
 * and low enough for Redis Cluster's second port, 10,000 above.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const port = 12_000 + Math.floor(Math.random() * 10_000)
    if (taken.has(port)) continue
    if ((await canListen(port)) && (await canListen(port + 10_000))) {
      taken.add(port)
      return port
    }
  }
  throw new Error('No free port was found.')
}

export interface Program {
  readonly command: string
  readonly args: readonly string[]
  /** Run as this user; only when the tests run as root. */
  readonly user?: string
  readonly environment?: Readonly<Record<string, string>>
}

/** Wraps a program so that the kernel ends it with us (Linux), and so that it runs as another user. */
function wrapped({ command, args, user }: Program): [string, string[]] {
  const setpriv = findProgram('setpriv')
  if (setpriv !== undefined) {
    const identity = user === undefined ? [] : ['--reuid', user, '--regid', user, '--init-groups']
    return [setpriv, [...identity, '--pdeathsig', 'KILL', '--', command, ...args]]
  }
  if (user === undefined) return [command, [...args]]
  return [findProgram('runuser') ?? 'runuser', ['-u', user, '--', command, ...args]]
}

let opened: Launcher | undefined

function launcher(): Launcher {
  opened ??= openLauncher(temporaryDirectory('launcher'), (command, args) => wrapped({ command, args }))
  return opened
}

/** Runs a program to its end and returns what it printed. Throws with its error output when it fails. */
export function run(program: Program, input?: string): string {
  const [command, args] = wrapped(program)
  const { status, stdout, stderr } = launcher().run(
    { command, args, environment: program.environment },
    input,
  )
  if (status !== 0)
    throw new Error(`${program.command} ${program.args.join(' ')} failed (${status}): ${stderr || stdout}`)
  return stdout
}

/** Runs a program without blocking the test process. */
export async function runBeside(program: Program): Promise<string> {
  const [command, args] = wrapped(program)
  const { stdout } = await promisify(execFile)(command, args, { cwd: '/', maxBuffer: 64 * 1024 * 1024 })
  return stdout
}

/** A server process that can be stopped, killed, paused and started again with the same arguments. */
export class ServerProcess {
  #child: Started | undefined
  #output = ''

  constructor(
    private readonly program: Program,
    private readonly isReady: () => Promise<boolean> | boolean,
  ) {}

  /** Starts it and waits until it answers, 15 s at most. */
  async start(): Promise<void> {
    const [command, args] = wrapped(this.program)
    this.#output = ''
    const child = launcher().start({ command, args, environment: this.program.environment }, (text) => {
      this.#output = (this.#output + text).slice(-4000)
    })
    this.#child = child
    running.add(child)
    void child.ended.then(() => running.delete(child))
    await this.#untilReady(child)
  }

  async #untilReady(child: Started): Promise<void> {
    const deadline = Date.now() + 15_000
    while (!(await this.isReady())) {
      if (child.hasEnded || Date.now() > deadline) {
        child.kill('SIGKILL')
        throw new Error(`${this.program.command} did not start: ${this.#output}`)
      }
      await sleep(10)
    }
  }

  /** Latest output of the server. */
  get output(): string {
    return this.#output
  }

  /** Ends it, paused or not, with a signal and waits until it is gone; after these milliseconds it is killed. */
  async end(signal: NodeJS.Signals, graceMs = 5_000): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined || child.hasEnded) return
    child.kill(signal)
    child.kill('SIGCONT')
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
    await child.ended
    clearTimeout(timer)
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal)
  }

  /** Whether it is gone, also if nobody has ended it. */
  get hasEnded(): boolean {
    return this.#child?.hasEnded ?? true
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }
}
