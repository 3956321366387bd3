import { once } from 'node:events'
import { createInterface } from 'node:readline/promises'
import type { ReadStream, WriteStream } from 'node:tty'
import { styleText } from 'node:util'
import { loadCommandLine } from '../config/command-line.js'
import { CommandError, EXIT } from './exit-codes.js'

type Style = 'bold' | 'dim' | 'green' | 'yellow' | 'red' | 'cyan'

/** The terminal reads and writes for a command. It uses colours and asks questions only if a person is there. */
export interface Terminal {
  /** True if a person can answer questions. */
  readonly isInteractive: boolean
  /** True if a person reads the output. */
  readonly isOutputTerminal: boolean
  /** Writes to stdout. It resolves when stdout takes more, so that a slow reader slows the writer down. */
  write(text: string): Promise<void>
  /** Writes a line to stderr. The text may come from a stranger, so control characters are replaced. */
  note(text: string): void
  /** Replaces the progress line on stderr, on a terminal only. An empty text removes it. */
  progress(text: string): void
  style(style: Style, text: string): string
  /** Asks a question on stderr and returns the answer. */
  ask(question: string): Promise<string>
  /** Asks for a secret on stderr and does not show it. Without a terminal it reads the first line of stdin. */
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

/** Waits for the answer to a question. Ctrl-D and Ctrl-C end the command. */
async function answerOf(reader: ReturnType<typeof createInterface>, question: string): Promise<string> {
  const gone = new Promise<never>((_, reject) => {
    reader.once('SIGINT', () => reject(new CommandError('The command was interrupted.', EXIT.interrupted)))
    reader.once('close', () =>
      reject(new CommandError('Nothing was done, because no answer was given.', EXIT.refused)),
    )
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

/** Reads a hidden line. It switches the terminal's echo off before the question, so that no early key is shown. */
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
        if (character === CTRL_C)
          return end(() => reject(new CommandError('The command was interrupted.', EXIT.interrupted)))
        if (character === CTRL_D)
          return end(() => reject(new CommandError('No password was given.', EXIT.refused)))
        if (BACKSPACES.includes(character)) typed.pop()
        else typed.push(character)
      }
    }
    stdin.setEncoding('utf8').setRawMode(true)
    stdin.resume().on('data', read)
    ask()
  })
}

const CONTROL = /[\p{Cc}\p{Cf}\u2028\u2029]/gu

/** Replaces control characters: names come from strangers and could move the cursor or colour the terminal. */
export const printable = (text: string): string => text.replace(CONTROL, '�')
