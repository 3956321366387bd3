import { type Command, InvalidArgumentError, Option } from 'commander'
import { STATIC_TOKEN_ROLES, type StaticTokenRole, TOKEN_NAME_RULE } from '../../config/admin-tokens.js'
import { VARIABLES } from '../../config/variables.js'
import { newStaticToken } from '../../session/static-tokens.js'
import { type Cli, clientOf, formatOf } from '../command.js'
import type { Finding } from '../doctor/finding.js'
import { CommandError, EXIT } from '../exit-codes.js'
import { indentedJson, json } from '../lists.js'
import { type Printable, plain, printable } from '../terminal.js'

/** Adds `token create` and `login`, which print a token, and `logout`. None takes a secret as an argument. */
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
      if (formatOf(command) !== 'table') return cli.terminal.write(plain`${json({ token, entry })}\n`)
      await cli.terminal.write(plain`${printable(token)}\n${printable(entry)}\n`)
      cli.terminal.note(
        'The first line is the token; it is not shown again. The second line is its entry: add it to ADMIN_TOKENS, after a comma, and restart the server.',
      )
    })

  program
    .command('login')
    .description(
      'Sign in as an administrator of the gateway and print a token. A terminal asks for the password; otherwise it is the first line of stdin.',
    )
    .argument('<account>', 'The email address or the username of the administrator.')
    .action(async (email: string, _options, command: Command) => {
      const password = await cli.terminal.askSecret(`Password of ${email}: `)
      const result = await clientOf(cli, command).login({ email, password }, { signal: cli.signal })
      if (result.__typename === 'InvalidCredentialsError')
        throw new CommandError(result.message, EXIT.refused)
      const { token, expiresAt, viewer } = result
      // A script would send it as it is.
      if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
        throw new CommandError('The server sent a token that cannot be used.', EXIT.failed)
      }
      if (formatOf(command) !== 'table') {
        return cli.terminal.write(plain`${json({ token, expiresAt, viewer })}\n`)
      }
      await cli.terminal.write(plain`${printable(token)}\n`)
      cli.terminal.note(`Signed in as ${viewer.name}. The token is valid until ${expiresAt}.`)
    })

  program
    .command('logout')
    .description('Sign out: the server then refuses the token that this command sends.')
    .action(async (_options, command: Command) => {
      const isDone = await clientOf(cli, command).logout({ signal: cli.signal })
      if (isDone !== true) throw new CommandError('The server did not sign out.', EXIT.failed)
      if (formatOf(command) !== 'table') return cli.terminal.write(plain`${json({ logout: true })}\n`)
      cli.terminal.note('Signed out. The token is valid no more.')
    })
}

/** Adds `serve`, which runs the service as `dist/main.js` does. The environment configures it. */
export function addServe(program: Command): void {
  program
    .command('serve')
    .description(
      'Run the server. If none of DATABASE_URL, REDIS_URL, ENCRYPTION_KEY and JWT_SECRET_KEY is set, it runs a demo with simulated traffic.',
    )
    .option(
      '--port <port>',
      `Listen on this port, 0 to 65535; 0 takes a free one. (default: ${VARIABLES.PORT.default}, env: PORT)`,
      port,
    )
    .option('--host <address>', `Listen on this address. (default: "${VARIABLES.HOST.default}", env: HOST)`)
    .action(async ({ port, host }: { port?: string; host?: string }) => {
      if (port !== undefined) process.env['PORT'] = port
      if (host !== undefined) process.env['HOST'] = host
      // The server listens for SIGINT itself, and finishes its answers before it exits.
      process.removeAllListeners('SIGINT')
      // The module starts the server when it is loaded, and ends the process by itself.
      await import('../../main.js')
      await new Promise(() => {})
    })
}

function port(text: string): string {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) {
    throw new InvalidArgumentError('The port must be a whole number from 0 to 65535.')
  }
  return text
}

const MARK = { ok: ['green', 'ok  '], warning: ['yellow', 'WARN'], failed: ['red', 'FAIL'] } as const

/** Adds `doctor`, which checks what `serve` would find with this environment. It writes nothing and prints no secret. */
export function addDoctor(program: Command, cli: Cli): void {
  program
    .command('doctor')
    .description(
      'Check the configuration, PostgreSQL, Redis, the stored keys and the clocks that `serve` would use here.',
    )
    .action(async (_options, command: Command) => {
      // The drivers and the database client load here, so that no other command waits for them.
      const { findings } = await import('../doctor/findings.js')
      const all: Finding[] = []
      const isTable = formatOf(command) === 'table'
      for await (const finding of findings(cli.env)) {
        all.push(finding)
        if (isTable) await cli.terminal.write(line(finding, cli))
        else if (formatOf(command) === 'ndjson') await cli.terminal.write(plain`${json(finding)}\n`)
      }
      if (formatOf(command) === 'json') await cli.terminal.write(plain`${indentedJson(all)}\n`)
      const failed = all.filter(({ state }) => state === 'failed')
      if (failed.length > 0) {
        cli.exitCode = failed.some(({ isOutage }) => isOutage) ? EXIT.unavailable : EXIT.failed
      }
    })
}

function line({ check, state, message }: Finding, { terminal }: Cli): Printable {
  const [colour, mark] = MARK[state]
  return plain`${terminal.style(colour, printable(mark))}  ${printable(check.padEnd(13))}  ${printable(message)}\n`
}
