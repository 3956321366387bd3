import { type Command, Option } from 'commander'
import { STATIC_TOKEN_ROLES, type StaticTokenRole } from '../../config/admin-tokens.js'
import { newStaticToken } from '../../session/static-tokens.js'
import { type Cli, clientOf, formatOf } from '../command.js'
import { CommandError, EXIT } from '../exit-codes.js'
import { json } from '../lists.js'

/** Commands that print a token: `token create`, `login`. Neither takes a secret as an argument. */
export function addTokens(program: Command, cli: Cli): void {
  program
    .command('token')
    .description('tokens for scripts')
    .command('create <name>')
    .description('a new token, printed once, and its entry for ADMIN_TOKENS; asks no server')
    .addOption(
      new Option('--role <role>', 'admin may clear, viewer may not')
        .choices(STATIC_TOKEN_ROLES)
        .default('viewer'),
    )
    .action(async (name: string, { role }: { role: StaticTokenRole }, command: Command) => {
      const { token, entry } = newStaticToken(name, role)
      if (formatOf(command) !== 'table') return cli.terminal.write(`${json({ token, entry })}\n`)
      await cli.terminal.write(`${token}\n${entry}\n`)
      cli.terminal.note(
        'First the token: it is not shown again. Then its entry: add it to ADMIN_TOKENS, after a comma, and restart the server.',
      )
    })

  program
    .command('login <email>')
    .description(
      'sign in as an administrator of the gateway and print a token; the password is asked, or read from stdin',
    )
    .action(async (email: string, _options, command: Command) => {
      const password = await cli.terminal.askSecret(`Password of ${email}: `)
      const result = await clientOf(cli, command).login({ email, password }, { signal: cli.signal })
      if (result.__typename === 'InvalidCredentialsError')
        throw new CommandError(result.message, EXIT.refused)
      const { token, expiresAt, viewer } = result
      if (formatOf(command) !== 'table') return cli.terminal.write(`${json({ token, expiresAt, viewer })}\n`)
      await cli.terminal.write(`${token}\n`)
      cli.terminal.note(`${viewer.name}, until ${expiresAt}.`)
    })
}
