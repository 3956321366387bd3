import { isUtf8 } from 'node:buffer'
import { once } from 'node:events'
import { createInterface } from 'node:readline/promises'
import type { ReadStream, WriteStream } from 'node:tty'
import { styleText } from 'node:util'
import { loadCommandLine } from '../config/command-line.js'
import { CommandError, EXIT } from './exit-codes.js'

declare const isPrintable: unique symbol
/**
 * A text for the terminal. The server, a database or the user of a script may have chosen any other text, so that it could
 * move the cursor, colour the terminal or begin a line that looks like ours. Only `printable`, `printableJson` and what is put
 * together from their results is of this type, and the terminal writes no other.
 */
export type Printable = string & { readonly [isPrintable]: true }

const CONTROL = /[\p{Cc}\p{Cf}\u2028\u2029]/gu

/** Replaces control characters, line breaks among them, and those that turn or hide letters. */
export const printable = (text: unknown): Printable => String(text).replace(CONTROL, '�') as Printable

/** Puts printable texts together: a tag for template literals. */
export const plain = (parts: TemplateStringsArray, ...values: readonly Printable[]): Printable =>
  String.raw({ raw: parts }, ...values) as Printable

export const join = (texts: readonly Printable[], separator = ''): Printable =>
  texts.join(separator) as Printable

/** Keeps the line breaks of a text that this program has written. */
export const printableLines = (text: string): Printable => join(text.split('\n').map(printable), '\n')

/** Writes a value as JSON. */
export const toJson = (value: unknown, indentation?: number): Printable =>
  printableJson(JSON.stringify(value, null, indentation) ?? 'null')

/** Escapes the same characters in JSON, but keeps its line breaks; JSON itself escapes the first 32 only. */
export const printableJson = (json: string): Printable =>
  json.replace(CONTROL, (character) => (character === '\n' ? character : escaped(character))) as Printable

/** Bytes that stand for a control character, or begin one of several bytes, or one that turns or hides letters. */
const SUSPECT = new Uint8Array(256).fill(1, 0, 0x20).fill(0, 0x0a, 0x0b)
for (const byte of [0x7f, 0xc2, 0xd8, 0xdb, 0xdc, 0xe0, 0xe1, 0xe2, 0xef, 0xf0, 0xf3]) SUSPECT[byte] = 1

/** Whether JSON in UTF-8 may have characters that `printableJson` escapes. */
function maySurprise(json: Uint8Array): boolean {
  for (let at = 0; at < json.length; at++)
    if (SUSPECT[json[at] as number] === 1 && isSuspect(json[at] as number, json[at + 1] ?? 0)) return true
  return !isUtf8(json)
}

/** The characters of several bytes that are escaped, by their first two. */
function isSuspect(first: number, second: number): boolean {
  switch (first) {
    case 0xc2:
      return second < 0xa0 || second === 0xad
    case 0xd8:
      return second <= 0x85 || second === 0x9c
    case 0xdb:
      return second === 0x9d
    case 0xdc:
      return second === 0x8f
    case 0xe0:
      return second === 0xa2 || second === 0xa3
    case 0xe1:
      return second === 0xa0
    case 0xe2:
      return second === 0x80 || second === 0x81
    case 0xef:
      return second === 0xbb || second === 0xbf
    case 0xf0:
      return second === 0x91 || second === 0x93 || second === 0x9b || second === 0x9d
    default:
      return true
  }
}

/** Returns JSON in UTF-8 with the same characters escaped. */
export const printableBytes = (json: Uint8Array): Uint8Array =>
  maySurprise(json) ? Buffer.from(printableJson(Buffer.from(json).toString())) : json

/** Escapes each UTF-16 unit: `\u202e`, and two of them for a character beyond U+FFFF. */
const escaped = (character: string): string =>
  character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('')

export type Style = 'bold' | 'dim' | 'green' | 'yellow' | 'red' | 'cyan'

/** The terminal reads and writes for a command. It uses colours and asks questions only if a person is there. */
export interface Terminal {
  /** True if a person can answer questions. */
  readonly isInteractive: boolean
  /** True if a person reads the output. */
  readonly isOutputTerminal: boolean
  /** A table has so many columns of characters; undefined: as many as it needs. */
  readonly columns: number | undefined
  /** Writes to stdout. It resolves when stdout takes more, so that a slow reader slows the writer down. */
  write(text: Printable): Promise<void>
  /** Writes pieces of JSON in UTF-8, as `printableJson` would have them. */
  writeJson(pieces: readonly Uint8Array[]): Promise<void>
  /** Writes one line to stderr, of any text. */
  note(line: string): void
  /** Writes lines to stderr, each of which ends with a line break. */
  noteLines(lines: Printable): void
  /** Replaces the progress line on stderr, on a terminal only. An empty text removes it. */
  progress(text: string): void
  style(style: Style, text: Printable): Printable
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
  const set = loadCommandLine(env)
  const hasColours = Boolean(stdout.isTTY) && set.hasColours
  let hasProgress = false
  const progress = (text: string) => {
    if (!stderr.isTTY || (text === '' && !hasProgress)) return
    stderr.write(CLEAR_LINE + printable(text))
    hasProgress = text !== ''
  }
  async function writeBytes(bytes: Uint8Array): Promise<void> {
    if (stdout.isTTY) progress('')
    if (!stdout.write(bytes)) await once(stdout, 'drain')
  }
  return {
    isInteractive,
    isOutputTerminal: Boolean(stdout.isTTY),
    // A terminal that does not know its width says 0.
    columns: set.columns ?? ((stdout.isTTY && stdout.columns) || undefined),
    // Node.js takes several times as long to write a long text with other letters than Latin ones as to encode it first.
    write: (text) => writeBytes(Buffer.from(text)),
    writeJson: (pieces) => writeBytes(Buffer.concat(pieces.map(printableBytes))),
    note(line) {
      progress('')
      stderr.write(plain`${printable(line)}\n`)
    },
    noteLines(lines) {
      progress('')
      stderr.write(lines)
    },
    progress,
    style: (style, text) =>
      hasColours ? (styleText(style, text, { validateStream: false }) as Printable) : text,
    async ask(question) {
      const reader = createInterface({ input: stdin, output: stderr })
      try {
        return await answerOf(reader, printable(question))
      } finally {
        reader.close()
      }
    },
    async askSecret(question) {
      if (!stdin.isTTY) return firstLine(stdin)
      try {
        return await readHidden(stdin, () => stderr.write(printable(question)))
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
