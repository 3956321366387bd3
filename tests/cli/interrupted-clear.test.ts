import { Command } from 'commander'
import { expect, it } from 'vitest'
import { addClearOptions, type Clear, type ClearResult, clear } from '../../src/cli/confirm-clear.js'
import { printable, type Terminal } from '../../src/cli/terminal.js'

const terminal: Terminal = {
  isInteractive: true,
  isOutputTerminal: true,
  columns: undefined,
  write: async () => {},
  writeJson: async () => {},
  note: () => {},
  noteLines: () => {},
  progress: () => {},
  style: (_style, text) => text,
  ask: async () => 'y',
  askSecret: async () => '',
}

it('Ctrl-C during the preview of a clear sends no clear, whatever is answered', async () => {
  const interrupt = new AbortController()
  const sent: string[] = []
  const operation: Clear<ClearResult> = {
    async run(dryRun) {
      sent.push(dryRun ? 'dry run' : 'clear')
      interrupt.abort()
      return { __typename: 'ClearAllCachePayload', clearedCount: 5, message: 'Would clear 5.', dryRun }
    },
    sample: async () => printable(''),
  }
  const cli = { terminal, env: {}, signal: interrupt.signal, exitCode: 0 }
  await expect(clear(cli, addClearOptions(new Command('clear')), operation)).rejects.toThrow()
  expect(sent).toEqual(['dry run'])
})
