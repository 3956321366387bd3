import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { type Cli, globalOptions } from './command.js'
import { addAffinities } from './commands/affinities.js'
import { addClears } from './commands/clear.js'
import { addCompletion } from './commands/completion.js'
import { addDoctor } from './commands/doctor.js'
import { addLooks } from './commands/queries.js'
import { addServe } from './commands/serve.js'
import { addTokens } from './commands/tokens.js'

/** Reads the version from package.json, which is two folders up both from src/cli/ and from dist/cli/. */
const version = (): string => {
  const { version }: { version: string } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  )
  return version
}

const AFTER_HELP = `
AFFINITYQL_URL and AFFINITYQL_TOKEN say which server and with which token; NO_COLOR takes colours away.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 refused, 5 the server or one of its stores is
unavailable, 130 interrupted.`

/** Every command with its options. Nothing runs until it is parsed. */
export function createProgram(cli: Cli): Command {
  const program = new Command('affinityql')
    .description('The cache affinities of an LLM API gateway: look, watch and clear.')
    .version(version())
    .helpOption('-h, --help', 'show help')
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true, helpWidth: 110 })
    .addHelpText('after', AFTER_HELP)
  for (const option of globalOptions()) program.addOption(option)

  addAffinities(program, cli)
  addLooks(program, cli)
  addClears(program, cli)
  addTokens(program, cli)
  addServe(program)
  addDoctor(program, cli)
  addCompletion(program, cli)
  settle(program)
  return program
}

/** Commander hands its settings to commands that it makes later; the groups' own were made before. */
function settle(command: Command): void {
  command
    .helpCommand(false)
    .exitOverride()
    .allowExcessArguments(false)
    .showHelpAfterError('(--help shows more)')
  for (const below of command.commands) settle(below.copyInheritedSettings(command))
}
