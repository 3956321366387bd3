import { type Command, InvalidArgumentError, Option } from 'commander'
import { type AffinityqlClient, createClient } from '../client/index.js'
import { loadCommandLine } from '../config/command-line.js'
import type { Environment } from '../config/reader.js'
import { VARIABLES } from '../config/variables.js'
import { CommandError, EXIT } from './exit-codes.js'
import type { Terminal } from './terminal.js'

/** What a command works with. */
export interface Cli {
  readonly terminal: Terminal
  readonly env: Environment
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal
  /** What the process ends with unless something throws. */
  exitCode: number
}

export type Format = 'table' | 'json' | 'ndjson'

interface GlobalOptions {
  readonly url?: string
  readonly token?: string
  readonly json?: true
  readonly ndjson?: true
  readonly timeout: number
}

/** Options that every command takes, before or after its name. */
export const globalOptions = (): Option[] => [
  // Not by Commander's `env`, which reads the process's own environment and in its own way.
  new Option(
    '--url <url>',
    `the server (default: "${VARIABLES.AFFINITYQL_URL.default}", env: AFFINITYQL_URL)`,
  ),
  new Option(
    '--token <token>',
    'a token; others can see arguments, so prefer the variable (env: AFFINITYQL_TOKEN)',
  ),
  new Option('--timeout <seconds>', 'for one answer of the server').default(30).argParser(positiveNumber),
  new Option('--json', 'print JSON').conflicts('ndjson'),
  new Option('--ndjson', 'print JSON, a record a line, as it comes').conflicts('json'),
]

const globalsOf = (command: Command): GlobalOptions => command.optsWithGlobals<GlobalOptions>()

export function formatOf(command: Command): Format {
  const { json, ndjson } = globalsOf(command)
  return json ? 'json' : ndjson ? 'ndjson' : 'table'
}

/** What could only be read in part is shown, said, and ends with 5. */
export function clientOf(cli: Cli, command: Command): AffinityqlClient {
  const { url, token, timeout } = globalsOf(command)
  // A file that it was read from ends with a line break; an empty variable is none.
  const set = loadCommandLine(cli.env)
  const bearer = (token ?? set.token)?.trim()
  let warned = false
  const options: Parameters<typeof createClient>[0] = {
    url: url || set.url,
    ...(bearer && { token: bearer }),
    timeoutMs: timeout * 1_000,
    headers: { 'user-agent': 'affinityql-cli' },
    onPartial(error) {
      cli.exitCode = EXIT.unavailable
      if (!warned) cli.terminal.note(`affinityql: incomplete: ${error.message} (${error.code})`)
      warned = true
    },
    onExtensions({ audit }) {
      if (typeof audit === 'object' && audit !== null && 'message' in audit) {
        cli.terminal.note(`affinityql: ${String(audit.message)}`)
      }
    },
  }
  try {
    return createClient(options)
  } catch (error) {
    if (error instanceof TypeError) throw new CommandError(error.message, EXIT.usage)
    throw error
  }
}

export function positiveNumber(text: string): number {
  const value = Number(text)
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError('It must be a number above 0.')
  return value
}

/** A number of records, or `all`. */
export function limit(text: string): number {
  if (text === 'all') return Number.POSITIVE_INFINITY
  if (!/^[1-9]\d{0,9}$/.test(text))
    throw new InvalidArgumentError('It must be a whole number above 0, or `all`.')
  return Number(text)
}
