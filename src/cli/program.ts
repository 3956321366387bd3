import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { type Cli, globalOptions } from './command.js'
import { addAffinities } from './commands/affinities.js'
import { addChanges } from './commands/changes.js'
import { addClears } from './commands/clear.js'
import { addCompletion } from './commands/completion.js'
import { addCounts } from './commands/counts.js'
import { addGateway } from './commands/gateway.js'
import { addPoolSessions } from './commands/pool-sessions.js'
import { addQueries } from './commands/queries.js'
import { addSavings } from './commands/savings.js'
import { addDoctor, addServe, addTokens } from './commands/service.js'
import { addSwitches } from './commands/switches.js'
import { addTtlAdvice } from './commands/ttl-advice.js'
import { printableLines } from './terminal.js'

/** Reads the version from package.json, which is two folders up both from src/cli/ and from dist/cli/. */
const version = (): string => {
  const { version }: { version: string } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  )
  return version
}

const AFTER_HELP = `
AFFINITYQL_URL sets the server’s address, AFFINITYQL_TOKEN sets the token, and NO_COLOR switches colours off.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 refused, 5 the server, Redis or PostgreSQL is
unavailable, 6 a clear was done but --follow did not see everybody elsewhere, 130 interrupted by Ctrl-C.`

/** Makes every command with its options. No command runs before the arguments are parsed. */
export function createProgram(cli: Cli): Command {
  const program = new Command('affinityql')
    .description('List, watch and clear the cache affinities of an LLM API gateway.')
    .version(version(), '-V, --version', 'Print the version.')
    .helpOption('-h, --help', 'Print this help.')
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true, helpWidth: 110 })
    .addHelpText('after', AFTER_HELP)
    .configureOutput({
      writeOut: (text) => void cli.terminal.write(printableLines(text)),
      // A message repeats the argument that is wrong.
      writeErr: (text) => cli.terminal.noteLines(printableLines(text)),
    })
  for (const option of globalOptions()) program.addOption(option)

  addAffinities(program, cli)
  addCounts(program, cli)
  addChanges(program, cli)
  addGateway(program, cli)
  addQueries(program, cli)
  addSavings(program, cli)
  addSwitches(program, cli)
  addTtlAdvice(program, cli)
  addPoolSessions(program, cli)
  addClears(program, cli)
  addTokens(program, cli)
  addServe(program)
  addDoctor(program, cli)
  addCompletion(program, cli)
  applySettings(program)
  return program
}

/** Applies the program's settings to every command: Commander copies them only to commands that it makes later. */
function applySettings(command: Command): void {
  command
    .helpCommand(false)
    .exitOverride()
    .allowExcessArguments(false)
    .showHelpAfterError('(--help prints the usage.)')
  for (const below of command.commands) applySettings(below.copyInheritedSettings(command))
}
