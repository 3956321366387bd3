import { CommanderError } from 'commander'
import { describeFailure, EXIT, type ExitCode } from './exit-codes.js'
import { createProgram } from './program.js'
import { createTerminal, type Streams } from './terminal.js'

/** Runs one command line and returns the exit code. It never throws. */
export async function run(args: readonly string[], streams: Streams, signal: AbortSignal): Promise<number> {
  const terminal = createTerminal(streams)
  const cli = { terminal, env: streams.env, signal, exitCode: EXIT.ok as ExitCode }
  try {
    await createProgram(cli).parseAsync(args, { from: 'user' })
    return signal.aborted ? EXIT.interrupted : cli.exitCode
  } catch (error) {
    // Commander has already printed the problem, or the help.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    if (signal.aborted) return EXIT.interrupted
    const { lines, exitCode } = describeFailure(error)
    for (const line of lines) terminal.note(`affinityql: ${line}`)
    return exitCode
  }
}
