import { type Command, InvalidArgumentError, Option } from 'commander'
import { type AffinityqlClient, createClient } from '../client/index.js'
import { loadCommandLine } from '../config/command-line.js'
import type { Environment } from '../config/reader.js'
import { VARIABLES } from '../config/variables.js'
import { CommandError, EXIT } from './exit-codes.js'
import type { TableView } from './format.js'
import type { Terminal } from './terminal.js'

/** The dependencies of every command. */
export interface Cli {
  readonly terminal: Terminal
  readonly env: Environment
  /** Ctrl-C aborts this signal. */
  readonly signal: AbortSignal
  /** The process exits with this code unless a command throws. */
  exitCode: number
}

export type Format = 'table' | 'json' | 'ndjson'

interface GlobalOptions {
  readonly url?: string
  readonly token?: string
  readonly deviceId?: string
  readonly json?: true
  readonly ndjson?: true
  readonly wide?: true
  readonly timeout: number
}

/** Makes the options that every command takes, before or after its name. */
export const globalOptions = (): Option[] => [
  // Commander's `env` is not used here: it reads the environment of the process, and by other rules than ours.
  new Option(
    '--url <url>',
    `Ask the server at this address. (default: "${VARIABLES.AFFINITYQL_URL.default}", env: AFFINITYQL_URL)`,
  ),
  new Option(
    '--token <token>',
    'Send this token. Other users of the machine can see it, so prefer the variable. (env: AFFINITYQL_TOKEN)',
  ),
  new Option(
    '--device-id <id>',
    'Send this device id, which an access token of the gateway may be bound to. (env: AFFINITYQL_DEVICE_ID)',
  ),
  new Option('--timeout <seconds>', 'Wait at most this many seconds for each answer; any number above 0.')
    .default(30)
    .argParser(timeoutSeconds),
  new Option('--json', 'Print one JSON value in place of a table.').conflicts('ndjson'),
  new Option('--ndjson', 'Print one JSON record on each line, as soon as it comes.').conflicts('json'),
  new Option('--wide', 'Show ids beside names in a table, and no cell cut, however wide it gets.'),
]

const globalsOf = (command: Command): GlobalOptions => command.optsWithGlobals<GlobalOptions>()

export function formatOf(command: Command): Format {
  const { json, ndjson } = globalsOf(command)
  return json ? 'json' : ndjson ? 'ndjson' : 'table'
}

/** Tells how a command shows its tables: in the width of the terminal, or as wide as they are with `--wide`. */
export const tableViewOf = ({ terminal }: Cli, command: Command): TableView => ({
  wide: globalsOf(command).wide === true,
  fits: terminal.columns,
})

/** Makes the client of a command. A partial answer is printed with a warning, and the command exits with 5. */
export function clientOf(cli: Cli, command: Command): AffinityqlClient {
  const { url, token, deviceId, timeout } = globalsOf(command)
  // A token that was read from a file ends with a line break. An empty variable counts as no token.
  const set = loadCommandLine(cli.env)
  const bearer = (token ?? set.token)?.trim()
  const device = (deviceId ?? set.deviceId)?.trim()
  const address = url || set.url
  let warned = false
  const options: Parameters<typeof createClient>[0] = {
    url: address,
    ...(bearer && { token: bearer }),
    ...(device && { deviceId: device }),
    timeoutMs: timeout * 1_000,
    headers: {
      'user-agent': 'affinityql-cli',
      // On one machine, to compress a page takes longer than to send it.
      ...(isThisMachine(address) && { 'accept-encoding': 'identity' }),
    },
    onPartial(error) {
      cli.exitCode = EXIT.unavailable
      if (!warned) cli.terminal.note(`affinityql: The output is incomplete: ${error.message} (${error.code})`)
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

/** The address may be none: the client then says so. */
const isThisMachine = (address: string): boolean =>
  URL.canParse(address) && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(address).hostname)

export function timeoutSeconds(text: string): number {
  const value = Number(text)
  if (!(value > 0) || !Number.isFinite(value)) {
    throw new InvalidArgumentError('The timeout must be a number of seconds above 0.')
  }
  return value
}

/** Parses a number of records, or `all`. */
export function limit(text: string): number {
  if (text === 'all') return Number.POSITIVE_INFINITY
  if (!/^[1-9]\d{0,9}$/.test(text))
    throw new InvalidArgumentError(
      'The limit must be a whole number of records from 1 to 9999999999, or `all`.',
    )
  return Number(text)
}
