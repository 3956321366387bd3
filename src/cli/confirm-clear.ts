import type { Command } from 'commander'
import { AffinityqlError, type ClearFollowUp } from '../client/index.js'
import { type Cli, formatOf } from './command.js'
import { CommandError, EXIT, exitCodeOf } from './exit-codes.js'
import { followClear, isToFollow, type WatchFollowUp } from './follow-clear.js'
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
      readonly auditEvent?: { readonly id: string }
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
  /** Tells where what the clear removed is pinned since. A clear of other than affinities has nothing to follow. */
  readonly watch?: WatchFollowUp
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
  await print(cli, command, await send(cli, operation), operation)
}

/** Sends the clear. If no answer comes, it says what that means. */
async function send<Result extends ClearResult>(
  { terminal }: Cli,
  operation: Clear<Result>,
): Promise<Result> {
  terminal.progress('Clearing …')
  try {
    return await operation.run(false)
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

/** Prints the result of a clear, and follows it if that is wanted. An error that came as data ends the command like any other error. */
async function print<Result extends ClearResult>(
  cli: Cli,
  command: Command,
  result: Result,
  operation: Clear<Result>,
): Promise<void> {
  if ('code' in result) return printFailure(cli, command, result, operation)
  const { watch } = operation
  const { auditEvent, clearedCount } = result
  if (!watch || !auditEvent || clearedCount === 0 || !isToFollow(command)) {
    await printResult(cli, command, result)
    return tellDone(cli, result, operation)
  }
  const isOneValue = formatOf(command) === 'json'
  if (!isOneValue) await printResult(cli, command, result)
  tellDone(cli, result, operation)
  const followUp = await followClear(cli, command, { auditEventId: auditEvent.id, watch })
  if (isOneValue) await printResult(cli, command, result, { followUp })
}

type Done = Extract<ClearResult, { readonly clearedCount: number; readonly dryRun: boolean }>
type Failed = Extract<ClearResult, { readonly code: string }>

const printResult = (
  cli: Cli,
  command: Command,
  result: Done,
  followed: { readonly followUp?: ClearFollowUp | null } = {},
): Promise<void> =>
  printOne(cli, command, { ...result, ...followed }, () => plain`${printable(result.message)}\n`)

function tellDone(
  cli: Cli,
  { clearedCount, nodes = [], warnings = [] }: Done,
  { noMatchHint }: Pick<Clear<ClearResult>, 'noMatchHint'>,
): void {
  if (clearedCount === 0 && noMatchHint) cli.terminal.note(noMatchHint)
  tellNodes(cli, nodes)
  tellWarnings(cli, warnings)
}

async function printFailure(
  cli: Cli,
  command: Command,
  result: Failed,
  { tellCandidates }: Pick<Clear<ClearResult>, 'tellCandidates'>,
): Promise<void> {
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
