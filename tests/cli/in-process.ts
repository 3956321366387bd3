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
 * take. Errors are thrown, not printed.
 */
export async function inThisProcess(
  args: readonly string[],
  server: Pick<TestServer, 'url'>,
  {
    said = { stdout: '', stderr: '' },
    signal = new AbortController().signal,
  }: { said?: Said; signal?: AbortSignal } = {},
): Promise<Said & { readonly exitCode: number }> {
  const cli = {
    terminal: silentTerminal(said),
    env: { AFFINITYQL_URL: server.url, AFFINITYQL_TOKEN: ADMIN_TOKEN },
    signal,
    exitCode: 0,
  }
  await createProgram(cli).parseAsync(args, { from: 'user' })
  return { ...said, exitCode: cli.exitCode }
}
