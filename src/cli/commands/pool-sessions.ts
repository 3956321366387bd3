import type { Command } from 'commander'
import type { PoolSession, PoolSessionFilter } from '../../client/index.js'
import { type Cli, clientOf, tableViewOf } from '../command.js'
import { addClearOptions, clear } from '../confirm-clear.js'
import { CommandError, EXIT } from '../exit-codes.js'
import { type Column, duration, preview } from '../format.js'
import { limitOption, printList } from '../lists.js'

const SAMPLE = 5

const COLUMNS: readonly Column<PoolSession>[] = [
  { title: 'PROVIDER', value: ({ provider, providerId }) => provider?.displayName ?? providerId },
  { title: 'PROVIDER ID', value: ({ providerId }) => providerId, wide: true },
  { title: 'PROVIDER KEY', value: ({ providerKey, providerKeyId }) => providerKey?.name ?? providerKeyId },
  { title: 'PROVIDER KEY ID', value: ({ providerKeyId }) => providerKeyId, wide: true },
  { title: 'SESSION', value: ({ sessionDigest }) => sessionDigest },
  { title: 'EXPIRES IN', value: ({ ttlSeconds }) => duration(ttlSeconds), align: 'right' },
]

interface FilterOptions {
  readonly provider?: string
  readonly providerKey?: string
  readonly digest?: string
  readonly session?: string
}

const addFilterOptions = (command: Command): Command =>
  command
    .option('--provider <id>', 'Select the sessions of this provider’s pool.')
    .option('--provider-key <id>', 'Select the sessions that go to this provider key.')
    .option('--digest <digits>', 'Select the session whose digest begins with these 16 digits.')
    .option(
      '--session <token>',
      'Select the session with this token. The server hashes it and keeps it nowhere; a shell may keep it in its history.',
    )

function filterOf(command: Command): PoolSessionFilter | undefined {
  const { provider, providerKey, digest, session } = command.opts<FilterOptions>()
  const filter: PoolSessionFilter = {
    ...(provider !== undefined && { providerId: provider }),
    ...(providerKey !== undefined && { providerKeyId: providerKey }),
    ...(digest !== undefined && { sessionDigest: digest }),
    ...(session !== undefined && { session }),
  }
  return Object.keys(filter).length > 0 ? filter : undefined
}

export function addPoolSessions(program: Command, cli: Cli): void {
  const sessions = program
    .command('pool-sessions')
    .description('List or clear the sessions that pools send to one provider key each.')

  addFilterOptions(sessions.command('list').description('List the sessions of pools, by provider.'))
    .addOption(limitOption())
    .action(async (_options, command: Command) => {
      const { poolSessions } = clientOf(cli, command)
      await printList(cli, command, COLUMNS, poolSessions, { filter: filterOf(command) })
    })

  addClearOptions(
    addFilterOptions(
      sessions
        .command('clear')
        .description('Clear the sessions that all given options select. At least one of them is needed.'),
    ),
  ).action((_options, command: Command) => {
    const filter = filterOf(command)
    if (!filter) {
      throw new CommandError(
        'Nothing was cleared: give at least one option that selects sessions.',
        EXIT.usage,
      )
    }
    const client = clientOf(cli, command)
    return clear(cli, command, {
      run: (dryRun) => client.clearPoolSessions({ filter, dryRun }),
      async sample() {
        const { nodes } = await client.poolSessions({ filter, first: SAMPLE }, { signal: cli.signal })
        return preview(COLUMNS, nodes, tableViewOf(cli, command))
      },
    })
  })
}
