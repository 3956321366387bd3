import { type Command, Option } from 'commander'
import { STATIC_TOKEN_ROLES, type StaticTokenRole, TOKEN_NAME_RULE } from '../../config/admin-tokens.js'
import { newStaticToken } from '../../session/static-tokens.js'
import { type Cli, clientOf, formatOf } from '../command.js'
import { CommandError, EXIT } from '../exit-codes.js'
import { json } from '../lists.js'

/** Adds the commands that print a token: `token create` and `login`. Neither takes a secret as an argument. */
export function addTokens(program: Command, cli: Cli): void {
  program
    .command('token')
    .description('Create tokens for scripts.')
    .command('create')
    .description('Create a token, and print it once with its entry for ADMIN_TOKENS. This needs no server.')
    .argument('<name>', `The name of the token: ${TOKEN_NAME_RULE}.`)
    .addOption(
      new Option('--role <role>', 'Give the token this role. Both roles may read; only admin may clear.')
        .choices(STATIC_TOKEN_ROLES)
        .default('viewer'),
    )
    .action(async (name: string, { role }: { role: StaticTokenRole }, command: Command) => {
      const { token, entry } = newStaticToken(name, role)
      if (formatOf(command) !== 'table') return cli.terminal.write(`${json({ token, entry })}\n`)
      await cli.terminal.write(`${token}\n${entry}\n`)
      cli.terminal.note(
        'The first line is the token; it is not shown again. The second line is its entry: add it to ADMIN_TOKENS, after a comma, and restart the server.',
      )
    })

  program
    .command('login')
    .description(
      'Sign in as an administrator of the gateway and print a token. A terminal asks for the password; otherwise it is the first line of stdin.',
    )
    .argument('<email>', 'The email address of the administrator.')
    .action(async (email: string, _options, command: Command) => {
      const password = await cli.terminal.askSecret(`Password of ${email}: `)
      const result = await clientOf(cli, command).login({ email, password }, { signal: cli.signal })
      if (result.__typename === 'InvalidCredentialsError')
        throw new CommandError(result.message, EXIT.refused)
      const { token, expiresAt, viewer } = result
      if (formatOf(command) !== 'table') return cli.terminal.write(`${json({ token, expiresAt, viewer })}\n`)
      await cli.terminal.write(`${token}\n`)
      cli.terminal.note(`Signed in as ${viewer.name}. The token is valid until ${expiresAt}.`)
    })
}
