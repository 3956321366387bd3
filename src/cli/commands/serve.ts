import { type Command, InvalidArgumentError } from 'commander'
import { VARIABLES } from '../../config/variables.js'

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
