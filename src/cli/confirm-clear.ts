import type { Command } from 'commander'
import { AffinityqlError } from '../client/index.js'
import { type Cli, formatOf } from './command.js'
import { CommandError, EXIT, exitCodeOf } from './exit-codes.js'
import { count } from './format.js'
import { printOne } from './lists.js'
import { printable } from './printable.js'

/** What every result of a clear has, whichever of its members it is. */
export type ClearResult =
  | {
      readonly __typename: string
      readonly clearedCount: number
      readonly message: string
      readonly dryRun: boolean
    }
  | {
      readonly __typename: string
      readonly code: string
      readonly message: string
      readonly clearedCount?: number
    }

/** One clear: how it is run, and what a person is shown before. */
export interface Clear<Result extends ClearResult> {
  run(dryRun: boolean): Promise<Result>
  /** A few of the records that would go, as text for a person. */
  sample(dryRun: Result): Promise<string>
  /** Everything goes: this word has to be typed, since an answer of one letter is given without reading. */
  readonly word?: string
  /** For whom nothing was found: why that may be, where the server cannot tell it from a slip. */
  readonly whenNone?: string | undefined
}

interface ClearOptions {
  readonly dryRun?: true
  readonly yes?: true
}

export const addClearOptions = (command: Command): Command =>
  command
    .option('--dry-run', 'count what would go, and clear nothing')
    .option('-y, --yes', 'do not ask; needed where there is no terminal')

/**
 * Clears after a look: on a terminal the dry run's count and a sample are shown and a person is asked; elsewhere only
 * `--yes` clears. It is sent once, and only with a yes.
 */
export async function clear<Result extends ClearResult>(
  cli: Cli,
  command: Command,
  what: Clear<Result>,
): Promise<void> {
  const { dryRun, yes } = command.opts<ClearOptions>()
  const { terminal } = cli
  if (dryRun) return print(cli, command, await what.run(true), what)
  const mustAsk = terminal.isInteractive ? !yes || what.word !== undefined : false
  if (!mustAsk && !yes) {
    throw new CommandError('Nothing was cleared: where nobody can be asked, --yes is needed.', EXIT.refused)
  }
  if (mustAsk) {
    const preview = await what.run(true)
    if ('code' in preview || preview.clearedCount === 0) return print(cli, command, preview, what)
    terminal.note(preview.message)
    terminal.note((await what.sample(preview)).trimEnd())
    await agree(cli, preview.clearedCount, what.word)
  }
  // Ctrl-C while the look was under way.
  cli.signal.throwIfAborted()
  terminal.progress('clearing …')
  try {
    await print(cli, command, await what.run(false), what)
  } catch (error) {
    if (mayBeDone(error)) {
      terminal.note(
        'affinityql: No answer came. It may have been done all the same: `affinityql audit` tells, and repeating it is safe.',
      )
    }
    throw error
  } finally {
    terminal.progress('')
  }
}

/** It never left this machine. */
const NOT_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])

/** Whether what was asked for may be done although its answer is not there. */
function mayBeDone(error: unknown): boolean {
  if (!(error instanceof AffinityqlError)) return false
  if (error.code === 'TIMEOUT') return true
  if (error.code !== 'NETWORK_ERROR') return false
  if (error.status !== undefined) return error.status >= 500
  const { cause } = error.cause instanceof Error ? error.cause : {}
  return !(cause instanceof Error && 'code' in cause && NOT_SENT.has(String(cause.code)))
}

async function agree({ terminal }: Cli, cleared: number, word: string | undefined): Promise<void> {
  const records = `${count(cleared)} record${cleared === 1 ? '' : 's'}`
  const answer = word
    ? await terminal.ask(`To clear all ${records}, type ${word}: `)
    : await terminal.ask(`Clear ${records}? [y/N] `)
  const isYes = word ? answer.trim() === word : /^y(es)?$/i.test(answer.trim())
  if (!isYes) throw new CommandError('Nothing was cleared.', EXIT.refused)
}

/** What came of it; an error that is data ends the command as any other does. */
async function print<Result extends ClearResult>(
  cli: Cli,
  command: Command,
  result: Result,
  { whenNone }: Clear<Result>,
): Promise<void> {
  if (!('code' in result)) {
    await printOne(cli, command, result, () => `${printable(result.message)}\n`)
    if (result.clearedCount === 0 && whenNone) cli.terminal.note(whenNone)
    return
  }
  cli.exitCode = exitCodeOf(result.code)
  if (formatOf(command) !== 'table') await printOne(cli, command, result, () => '')
  const gone = result.clearedCount ? ` ${count(result.clearedCount)} were cleared before it stopped.` : ''
  cli.terminal.note(`affinityql: ${result.message} (${result.code})${gone}`)
}
