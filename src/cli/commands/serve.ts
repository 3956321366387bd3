import { type Command, InvalidArgumentError } from 'commander'

/** The service itself, as `dist/main.js` runs it: the environment configures it. */
export function addServe(program: Command): void {
  program
    .command('serve')
    .description('run the server; without DATABASE_URL, REDIS_URL, … it is a demo with simulated traffic')
    .option('--port <port>', 'as PORT', port)
    .option('--host <address>', 'as HOST')
    .action(async ({ port, host }: { port?: string; host?: string }) => {
      if (port !== undefined) process.env['PORT'] = port
      if (host !== undefined) process.env['HOST'] = host
      // The server finishes what it is answering; it listens for the signal itself.
      process.removeAllListeners('SIGINT')
      // It starts as it is loaded, and ends the process by itself.
      await import('../../main.js')
      await new Promise(() => {})
    })
}

function port(text: string): string {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new InvalidArgumentError('It must be 0 to 65535.')
  return text
}
