import { once } from 'node:events'
import { createInterface } from 'node:readline/promises'
import type { ReadStream, WriteStream } from 'node:tty'
import { styleText } from 'node:util'
import { loadCommandLine } from '../config/command-line.js'
import { CommandError, EXIT } from './exit-codes.js'
import { printable } from './printable.js'

type Style = 'bold' | 'dim' | 'green' | 'yellow' | 'red' | 'cyan'

/** What the process reads and writes; colours and questions only where a person is. */
export interface Terminal {
  /** Whether a person can be asked. */
  readonly isInteractive: boolean
  /** Whether a person reads the output. */
  readonly isOutputTerminal: boolean
  /** Resolves when it may be followed by more: a slow reader slows the writer, and nothing piles up. */
  write(text: string): Promise<void>
  /** To stderr, with a line break. The text may be anybody's: nothing in it steers the terminal. */
  note(text: string): void
  /** A line on stderr that replaces the one before, only on a terminal; empty to take it away. */
  progress(text: string): void
  style(style: Style, text: string): string
  /** Asks on stderr. */
  ask(question: string): Promise<string>
  /** Asks on stderr, and does not show what is typed; elsewhere than on a terminal, the first line of stdin. */
  askSecret(question: string): Promise<string>
}

export interface Streams {
  readonly stdin: ReadStream
  readonly stdout: WriteStream
  readonly stderr: WriteStream
  readonly env: Readonly<Record<string, string | undefined>>
}

const CLEAR_LINE = '\r\u001b[K'

export function createTerminal({ stdin, stdout, stderr, env }: Streams): Terminal {
  const isInteractive = Boolean(stdin.isTTY && stderr.isTTY)
  const hasColours = Boolean(stdout.isTTY) && loadCommandLine(env).hasColours
  let hasProgress = false
  const progress = (text: string) => {
    if (!stderr.isTTY || (text === '' && !hasProgress)) return
    stderr.write(CLEAR_LINE + text)
    hasProgress = text !== ''
  }
  return {
    isInteractive,
    isOutputTerminal: Boolean(stdout.isTTY),
    async write(text) {
      if (stdout.isTTY) progress('')
      if (!stdout.write(text)) await once(stdout, 'drain')
    },
    note(text) {
      progress('')
      stderr.write(`${text.split('\n').map(printable).join('\n')}\n`)
    },
    progress,
    style: (style, text) => (hasColours ? styleText(style, text, { validateStream: false }) : text),
    async ask(question) {
      const reader = createInterface({ input: stdin, output: stderr })
      try {
        return await answerOf(reader, question)
      } finally {
        reader.close()
      }
    },
    async askSecret(question) {
      if (!stdin.isTTY) return firstLine(stdin)
      try {
        return await readHidden(stdin, () => stderr.write(question))
      } finally {
        stderr.write('\n')
      }
    },
  }
}

/** Ctrl-D and Ctrl-C are answers, too: nothing is to be done. */
async function answerOf(reader: ReturnType<typeof createInterface>, question: string): Promise<string> {
  const gone = new Promise<never>((_, reject) => {
    reader.once('SIGINT', () => reject(new CommandError('Interrupted.', EXIT.interrupted)))
    reader.once('close', () => reject(new CommandError('Nothing was done: no answer.', EXIT.refused)))
  })
  return Promise.race([reader.question(question), gone])
}

async function firstLine(stdin: ReadStream): Promise<string> {
  let text = ''
  for await (const chunk of stdin.setEncoding('utf8')) {
    text += chunk
    if (text.includes('\n')) break
  }
  return text.split(/\r?\n/)[0] ?? ''
}

const CTRL_C = '\u0003'
const CTRL_D = '\u0004'
const BACKSPACES = ['\u007f', '\b']

/** The terminal's own echo is off before it is asked for, so that the password stands nowhere, however soon it comes. */
function readHidden(stdin: ReadStream, ask: () => void): Promise<string> {
  return new Promise((resolve, reject) => {
    const typed: string[] = []
    const end = (settle: () => void) => {
      stdin.off('data', read)
      stdin.setRawMode(false)
      stdin.pause()
      settle()
    }
    const read = (chunk: string) => {
      for (const character of chunk) {
        if (character === '\r' || character === '\n') return end(() => resolve(typed.join('')))
        if (character === CTRL_C) return end(() => reject(new CommandError('Interrupted.', EXIT.interrupted)))
        if (character === CTRL_D) return end(() => reject(new CommandError('No password.', EXIT.refused)))
        if (BACKSPACES.includes(character)) typed.pop()
        else typed.push(character)
      }
    }
    stdin.setEncoding('utf8').setRawMode(true)
    stdin.resume().on('data', read)
    ask()
  })
}
