import type { Command } from 'commander'
import { AffinityqlError } from '../client/index.js'
import { type Cli, formatOf } from './command.js'
import { CommandError, EXIT, exitCodeOf } from './exit-codes.js'
import { counted } from './format.js'
import { printOne } from './lists.js'
import { type Printable, plain, printable } from './terminal.js'

/** Every result of a clear has these fields: a success has the first ones, an error the others. */
export type ClearResult =
  | {
      readonly __typename: string
      readonly clearedCount: number
      readonly message: string
      readonly dryRun: boolean
      readonly warnings?: readonly Warning[]
      readonly nodes?: readonly Node[]
    }
  | {
      readonly __typename: string
      readonly code: string
      readonly message: string
      readonly clearedCount?: number
      readonly nodes?: readonly Node[]
    }

interface Warning {
  readonly code: string
  readonly message: string
}

/** What one node of the gateway did. */
interface Node {
  readonly url: string
  readonly ok: boolean
  readonly clearedCount: number | null
  readonly error: string | null
}

/** One clear, and the preview that a person sees before it. */
export interface Clear<Result extends ClearResult> {
  run(dryRun: boolean): Promise<Result>
  /** Returns some of the records that would be cleared, as text for a person. */
  sample(dryRun: Result): Promise<Printable>
  /** A clear of everything wants this word typed, because a person types one letter without reading. */
  readonly word?: string
  /** This hint is printed if the clear found no record. */
  readonly noMatchHint?: string | undefined
  /** Prints what may have been meant if the server knows nothing of this name. */
  readonly tellCandidates?: () => Promise<void>
}

interface ClearOptions {
  readonly dryRun?: true
  readonly yes?: true
}

export const addClearOptions = (command: Command): Command =>
  command
    .option('--dry-run', 'Count what would be cleared, and clear nothing.')
    .option('-y, --yes', 'Clear without asking. Without a terminal, a clear needs this option.')

/**
 * Clears after a preview. On a terminal it shows the count of a dry run and some records, and asks the person. Without a
 * terminal it clears only with `--yes`. It sends the clear once, and never without a yes.
 */
export async function clear<Result extends ClearResult>(
  cli: Cli,
  command: Command,
  operation: Clear<Result>,
): Promise<void> {
  const { dryRun, yes } = command.opts<ClearOptions>()
  const { terminal } = cli
  if (dryRun) return print(cli, command, await operation.run(true), operation)
  const mustAsk = terminal.isInteractive ? !yes || operation.word !== undefined : false
  if (!mustAsk && !yes) {
    throw new CommandError('Nothing was cleared: without a terminal, a clear needs --yes.', EXIT.refused)
  }
  if (mustAsk) {
    const preview = await operation.run(true)
    if ('code' in preview || preview.clearedCount === 0) return print(cli, command, preview, operation)
    terminal.note(preview.message)
    tellWarnings(cli, preview.warnings ?? [])
    terminal.note('The clear would remove records such as these:')
    terminal.noteLines(await operation.sample(preview))
    await askForConfirmation(cli, preview.clearedCount, operation.word)
  }
  // Ctrl-C may have come during the preview.
  cli.signal.throwIfAborted()
  terminal.progress('Clearing …')
  try {
    await print(cli, command, await operation.run(false), operation)
  } catch (error) {
    if (mayHaveCleared(error)) {
      terminal.note(
        'affinityql: No answer came. The server may have cleared nevertheless: `affinityql audit` shows it. You can repeat the clear safely.',
      )
    }
    throw error
  } finally {
    terminal.progress('')
  }
}

/** A request that fails with one of these codes never reached a server. */
const NOT_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])

/** Tells whether the server may have cleared although its answer did not come. */
function mayHaveCleared(error: unknown): boolean {
  if (!(error instanceof AffinityqlError)) return false
  if (error.code === 'TIMEOUT') return true
  if (error.code !== 'NETWORK_ERROR') return false
  if (error.status !== undefined) return error.status >= 500
  const { cause } = error.cause instanceof Error ? error.cause : {}
  return !(cause instanceof Error && 'code' in cause && NOT_SENT.has(String(cause.code)))
}

async function askForConfirmation({ terminal }: Cli, total: number, word: string | undefined): Promise<void> {
  const records = counted(total, 'record', 'records')
  const answer = word
    ? await terminal.ask(`To clear all ${records}, type ${word}: `)
    : await terminal.ask(`Clear ${records}? [y/N] `)
  const isYes = word ? answer.trim() === word : /^y(es)?$/i.test(answer.trim())
  if (!isYes) throw new CommandError('Nothing was cleared.', EXIT.refused)
}

/** Prints the result of a clear. An error that came as data ends the command like any other error. */
async function print<Result extends ClearResult>(
  cli: Cli,
  command: Command,
  result: Result,
  { noMatchHint, tellCandidates }: Clear<Result>,
): Promise<void> {
  if (!('code' in result)) {
    await printOne(cli, command, result, () => plain`${printable(result.message)}\n`)
    if (result.clearedCount === 0 && noMatchHint) cli.terminal.note(noMatchHint)
    tellNodes(cli, result.nodes ?? [])
    tellWarnings(cli, result.warnings ?? [])
    return
  }
  cli.exitCode = exitCodeOf(result.code)
  if (formatOf(command) !== 'table') await printOne(cli, command, result, () => plain``)
  const cleared = result.clearedCount
    ? ` The clear removed ${counted(result.clearedCount, 'record', 'records')} before it stopped.`
    : ''
  cli.terminal.note(`affinityql: ${result.message} (${result.code})${cleared}`)
  tellNodes(cli, result.nodes ?? [])
  if (result.code === 'NOT_FOUND') await tellCandidates?.()
}

/** Says what a clear does not achieve, and what to do about it. The JSON of the answer has it as well. */
function tellWarnings({ terminal }: Cli, warnings: readonly Warning[]): void {
  for (const { code, message } of warnings) terminal.note(`Warning (${code}): ${printable(message)}`)
}

function tellNodes({ terminal }: Cli, nodes: readonly Node[]): void {
  for (const { url, ok, clearedCount, error } of nodes) {
    const done = clearedCount === null ? 'done' : `cleared ${counted(clearedCount, 'record', 'records')}`
    terminal.note(`  ${printable(url)}: ${ok ? done : `failed, ${printable(error ?? '')}`}`)
  }
}
