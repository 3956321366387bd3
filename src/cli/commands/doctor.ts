import type { Command } from 'commander'
import { type Cli, formatOf } from '../command.js'
import type { Finding } from '../doctor/finding.js'
import { EXIT } from '../exit-codes.js'
import { indentedJson, json } from '../lists.js'
import { printable } from '../printable.js'

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
        else if (formatOf(command) === 'ndjson') await cli.terminal.write(`${json(finding)}\n`)
      }
      if (formatOf(command) === 'json') await cli.terminal.write(`${indentedJson(all)}\n`)
      const failed = all.filter(({ state }) => state === 'failed')
      if (failed.length > 0) {
        cli.exitCode = failed.some(({ isOutage }) => isOutage) ? EXIT.unavailable : EXIT.failed
      }
    })
}

function line({ check, state, message }: Finding, { terminal }: Cli): string {
  const [colour, mark] = MARK[state]
  return `${terminal.style(colour, mark)}  ${check.padEnd(13)}  ${printable(message)}\n`
}
