import { type Command, Option } from 'commander'
import { type AffinityqlClient, AffinityqlError, type ClearFollowUp } from '../client/index.js'
import { type Cli, formatOf } from './command.js'
import { connectionNotes } from './connection-notes.js'
import { EXIT } from './exit-codes.js'
import { count, cut, duration } from './format.js'
import { json } from './lists.js'
import { plain, printable } from './terminal.js'
import { timeParser } from './times.js'

export type WatchFollowUp = AffinityqlClient['clearFollowUp']['watch']

interface FollowOptions {
  readonly follow?: true
  readonly followFor: number
}

const MINUTE_MS = 60_000

/** A server keeps a follow-up for an hour, in which the clear itself takes some time. */
const followTime = timeParser({
  units: ['s', 'm'],
  mostMs: 59 * MINUTE_MS,
  message: 'The time must be seconds or minutes, such as 30s or 10m, at most 59m.',
})

export const addFollowOptions = (command: Command): Command =>
  command
    .addOption(
      new Option(
        '--follow',
        'After the clear, show where its affinities are pinned again, until all are or the time is over.',
      ).conflicts('dryRun'),
    )
    .addOption(
      new Option('--follow-for <time>', 'Follow for so long, 30s or 10m, at most 59m. It implies --follow.')
        .default(followTime('10m'), '10m')
        .argParser(followTime)
        .implies({ follow: true })
        .conflicts('dryRun'),
    )

export const isToFollow = (command: Command): boolean => command.opts<FollowOptions>().follow === true

interface Followed {
  readonly auditEventId: string
  readonly watch: WatchFollowUp
}

/**
 * Shows where what a clear removed is pinned since, until all of it is pinned again, the time is over or Ctrl-C comes. The last
 * line sums up. The command ends with EXIT.unproved unless all of it is pinned elsewhere. @returns the last state
 */
export async function followClear(
  cli: Cli,
  command: Command,
  { auditEventId, watch }: Followed,
): Promise<ClearFollowUp | null> {
  const { followFor } = command.opts<FollowOptions>()
  // Not AbortSignal.any of a time-out: in Node.js 20 garbage collection may take its sources, and the time is never over.
  const over = new AbortController()
  const end = () => over.abort()
  const timer = setTimeout(end, followFor)
  cli.signal.addEventListener('abort', end)
  if (cli.signal.aborted) end()
  const { signal } = over
  const notes = connectionNotes(cli.terminal, 'It shows what came in between as well.')
  const began = performance.now()
  const elapsed = () => duration(Math.round((performance.now() - began) / 1_000)) ?? ''
  let last: ClearFollowUp | null = null
  try {
    for await (const state of watch({ auditEventId }, { signal, ...notes })) {
      last = state
      await show(cli, command, state, elapsed())
      if (state.notSeenSince === 0) break
    }
  } catch (error) {
    if (!(error instanceof AffinityqlError)) throw error
    cli.terminal.note(
      `affinityql: The clear was done, but it cannot be followed: ${error.message} (${error.code})`,
    )
  } finally {
    clearTimeout(timer)
    cli.signal.removeEventListener('abort', end)
  }
  if (last === null || !isProved(last)) cli.exitCode = EXIT.unproved
  await sumUp(cli, command, last, elapsed())
  return last
}

const isProved = ({ notSeenSince, repinnedSame }: ClearFollowUp): boolean =>
  notSeenSince === 0 && repinnedSame === 0

/** Prints a state as a line, or in place of the one before if a person looks on. One JSON value is printed at the end. */
async function show(cli: Cli, command: Command, state: ClearFollowUp, elapsed: string): Promise<void> {
  const { terminal } = cli
  const format = formatOf(command)
  const text = whereabouts(state)
  if (format === 'ndjson') await terminal.write(plain`${json(state)}\n`)
  else if (format === 'json' || terminal.isOutputTerminal)
    terminal.progress(cut(printable(`Following: ${text}`), (terminal.columns ?? NARROW_TERMINAL) - 1))
  else await terminal.write(plain`${printable(`after ${elapsed}: ${text}`)}\n`)
}

/** A progress line that wraps could not be replaced. */
const NARROW_TERMINAL = 80

async function sumUp(
  { terminal }: Cli,
  command: Command,
  last: ClearFollowUp | null,
  elapsed: string,
): Promise<void> {
  terminal.progress('')
  const lines = last === null ? [NOT_KNOWN] : [...notSeen(last), summary(last, elapsed)]
  for (const line of lines) {
    if (formatOf(command) === 'table') await terminal.write(plain`${printable(line)}\n`)
    else terminal.note(line)
  }
}

const NOT_KNOWN = 'It is not known where the affinities of this clear are pinned since.'

function summary(state: ClearFollowUp, elapsed: string): string {
  if (isProved(state)) return `Everybody is elsewhere after ${elapsed}: ${providers(state)}.`
  const who = state.notSeenSince === 0 ? 'Everybody is back, but not all elsewhere,' : 'Not everybody is back'
  return `${who} after ${elapsed}: ${whereabouts(state)}${atSameKey(state)}.`
}

/** Says how many affinities are where, the most important first: a narrow terminal cuts the end. */
function whereabouts(state: ClearFollowUp): string {
  const { repinnedElsewhere, repinnedSame, notSeenSince, byProvider } = state
  const seenAt = byProvider.length > 0 ? `; ${providers(state)}` : ''
  return `${count(repinnedElsewhere)} elsewhere, ${count(repinnedSame)} at the same provider again, ${count(notSeenSince)} not seen since${seenAt}`
}

const atSameKey = ({ repinnedSameKey }: ClearFollowUp): string =>
  repinnedSameKey === 0 ? '' : `; ${count(repinnedSameKey)} at the same provider key again`

const SHOWN_PROVIDERS = 5

function providers({ byProvider }: ClearFollowUp): string {
  const shown = byProvider
    .slice(0, SHOWN_PROVIDERS)
    .map(({ provider, providerId, count: pins }) => `${provider?.displayName ?? providerId} ${count(pins)}`)
  const rest = byProvider.length - shown.length
  return [...shown, ...(rest > 0 ? [`${count(rest)} more providers`] : [])].join(', ')
}

/** Names the first API keys that have affinities which were not seen since. */
function notSeen({ notSeenSince, notSeenApiKeys }: ClearFollowUp): string[] {
  if (notSeenSince === 0 || notSeenApiKeys.length === 0) return []
  // Many users call their key alike.
  const names = new Set(notSeenApiKeys.map(({ name, id }) => name ?? id))
  return [`Not seen since, API keys such as: ${[...names].join(', ')}`]
}
