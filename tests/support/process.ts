import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

/** A program that runs until it is told to stop. */
export interface ServiceProcess {
  /** Lines of both streams so far. */
  readonly lines: readonly string[]
  /** Resolves with the first line that matches; rejects when the process ends before. */
  line(pattern: RegExp): Promise<RegExpExecArray>
  kill(signal: NodeJS.Signals): void
  /** The exit code; null where a signal ended it. */
  readonly exit: Promise<number | null>
}

/** Starts `dist/main.js` with these variables and no others; it ends with the test. */
export const startService = (env: Readonly<Record<string, string>>, cwd?: string): ServiceProcess =>
  startProgram([process.execPath, MAIN], { env, cwd })

/** Starts any program in the same way. */
export function startProgram(
  [command = '', ...args]: readonly string[],
  { env, cwd }: { readonly env: Readonly<Record<string, string>>; readonly cwd?: string | undefined },
): ServiceProcess {
  const child = spawn(command, args, {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(cwd && { cwd }),
  })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const lines: string[] = []
  const waiting = new Set<(line: string) => void>()
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on('line', (line) => {
      lines.push(line)
      for (const tell of waiting) tell(line)
    })
  }
  const exit = once(child, 'close').then(([code]) => code as number | null)
  return {
    lines,
    exit,
    kill: (signal) => child.kill(signal),
    line(pattern) {
      return new Promise((resolve, reject) => {
        const look = (line: string) => {
          const match = pattern.exec(line)
          if (!match) return
          waiting.delete(look)
          resolve(match)
        }
        waiting.add(look)
        lines.forEach(look)
        void exit.then(() => reject(new Error(`the service ended; it said:\n${lines.join('\n')}`)))
      })
    },
  }
}
