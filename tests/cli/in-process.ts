import { CommanderError } from 'commander'
import { describeFailure, EXIT, type ExitCode } from '../../src/cli/exit-codes.js'
import { createProgram } from '../../src/cli/program.js'
import type { Terminal } from '../../src/cli/terminal.js'
import { ADMIN_TOKEN } from '../support/app.js'
import type { TestServer } from './support.js'

export interface Said {
  stdout: string
  stderr: string
}

/** A terminal that nobody reads, and what was written to it. */
export function silentTerminal(said: Said): Terminal {
  return {
    isInteractive: false,
    isOutputTerminal: false,
    columns: undefined,
    async write(text) {
      said.stdout += text
    },
    note(line) {
      said.stderr += `${line}\n`
    },
    noteLines(lines) {
      said.stderr += lines
    },
    progress: () => {},
    style: (_style, text) => text,
    ask: async () => '',
    askSecret: async () => '',
  }
}

/**
 * Runs a command in this process, for tests that run many: a process of its own takes longer to start than most commands
 * take. It ends as the command line does.
 */
export async function inThisProcess(
  args: readonly string[],
  server: Pick<TestServer, 'url'>,
  {
    said = { stdout: '', stderr: '' },
    signal = new AbortController().signal,
    terminal = silentTerminal(said),
  }: { said?: Said; signal?: AbortSignal; terminal?: Terminal } = {},
): Promise<Said & { readonly code: number }> {
  const cli = {
    terminal,
    env: { AFFINITYQL_URL: server.url, AFFINITYQL_TOKEN: ADMIN_TOKEN },
    signal,
    exitCode: EXIT.ok as ExitCode,
  }
  try {
    await createProgram(cli).parseAsync(args, { from: 'user' })
    if (signal.aborted) cli.exitCode = EXIT.interrupted
  } catch (error) {
    if (error instanceof CommanderError) return { ...said, code: error.exitCode === 0 ? EXIT.ok : EXIT.usage }
    const { lines, exitCode } = describeFailure(error)
    for (const line of lines) cli.terminal.note(`affinityql: ${line}`)
    cli.exitCode = exitCode
  }
  return { ...said, code: cli.exitCode }
}
