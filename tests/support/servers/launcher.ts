import { spawn, spawnSync } from 'node:child_process'
import { openSync, readSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const SCRIPT = fileURLToPath(new URL('./launcher.mjs', import.meta.url))
const BUFFER = 64 * 1024
const LINE_END = 10

export interface Launch {
  readonly command: string
  readonly args: readonly string[]
  readonly environment?: Readonly<Record<string, string>> | undefined
}

export interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A program that was started and stays up. */
export interface Started {
  readonly pid: number
  readonly hasEnded: boolean
  /** Resolves when it has ended. */
  readonly ended: Promise<void>
  /** Without effect once it has ended. */
  kill(signal: NodeJS.Signals): void
}

/**
 * A small process that starts programs for this one, and ends with it. A worker has up to a gigabyte of memory, whose page
 * tables the kernel copies whenever it forks: that takes longer than most programs do.
 */
export interface Launcher {
  /** Runs a program to its end, and waits for it. */
  run(program: Launch, input?: string): Ended
  /** Starts a program. It does not keep this process alive. */
  start(program: Launch, onOutput: (text: string) => void): Started
}

/**
 * @param directory its own, for the two named pipes: what waits at one needs no turn of the event loop
 * @param wrap what is put before its command, so that it ends with this process
 */
export function openLauncher(
  directory: string,
  wrap: (command: string, args: string[]) => [string, string[]],
): Launcher {
  const pipes = ['requests', 'replies'].map((name) => join(directory, name))
  if (spawnSync('mkfifo', pipes).status !== 0) throw new Error('mkfifo is not installed.')
  const [command, args] = wrap(process.execPath, [SCRIPT, ...pipes])
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  child.unref()
  child.channel?.unref()
  const [requests = 0, replies = 0] = pipes.map((path, place) => openSync(path, place === 0 ? 'w' : 'r'))
  const running = new Map<number, { onOutput(text: string): void; onEnd(): void }>()
  child.on('message', ({ pid, output }: { pid: number; output?: string }) => {
    if (output === undefined) running.get(pid)?.onEnd()
    else running.get(pid)?.onOutput(output)
  })
  // Nobody else would tell that they have ended, for which their tests wait.
  child.on('exit', () => {
    for (const [pid, { onEnd }] of running) {
      killIfThere(pid, 'SIGKILL')
      onEnd()
    }
  })

  function ask<Reply>(request: object): Reply {
    writeFileSync(requests, `${JSON.stringify(request)}\n`)
    const { error, ...reply } = JSON.parse(readLine(replies))
    if (error !== undefined) throw new Error(error)
    return reply
  }

  return {
    run: (program, input) => ask({ ...program, input }),
    start(program, onOutput) {
      const { pid } = ask<{ pid: number }>({ ...program, staysUp: true })
      let hasEnded = false
      const ended = new Promise<void>((resolve) => {
        const onEnd = () => {
          hasEnded = true
          running.delete(pid)
          resolve()
        }
        running.set(pid, { onOutput, onEnd })
      })
      return {
        pid,
        get hasEnded() {
          return hasEnded
        },
        ended,
        kill(signal) {
          if (!hasEnded) killIfThere(pid, signal)
        },
      }
    },
  }
}

function readLine(file: number): string {
  const parts: Buffer[] = []
  for (;;) {
    const buffer = Buffer.allocUnsafe(BUFFER)
    const length = readSync(file, buffer)
    if (length === 0) throw new Error('What starts programs for the tests has ended.')
    parts.push(buffer.subarray(0, length))
    if (buffer[length - 1] === LINE_END) return Buffer.concat(parts).toString()
  }
}

function killIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended, and nobody has told yet.
  }
}
