import { type Command, Option } from 'commander'
import type { AffinityOrder } from '../../client/index.js'
import { AFFINITY_COLUMNS, RECORD_COLUMNS } from '../affinity-columns.js'
import { addFilterOptions, filterOf, noMatchHint } from '../affinity-filter.js'
import { type Cli, clientOf } from '../command.js'
import { limitOption, printList, recordLimit } from '../lists.js'
import { tellSchedulingMode } from '../scheduling-mode.js'
import { addWatch } from './watch.js'

const SORT = {
  expires: 'EXPIRES_AT',
  created: 'CREATED_AT',
  requests: 'REQUEST_COUNT',
  user: 'USER',
  'api-key': 'API_KEY',
  provider: 'PROVIDER',
  'provider-key': 'PROVIDER_KEY',
  model: 'MODEL',
  format: 'API_FORMAT',
} as const

/** All records are printed in the order of creation: a use moves a record in the order of expiry. */
const DEFAULT_SORT = 'By default: expires, or the order of creation if all records are printed.'

interface ListOptions {
  readonly search?: string
  readonly sort?: keyof typeof SORT | undefined
  readonly ascending?: true | undefined
  readonly records?: true
  readonly details?: true
}

export function addAffinities(program: Command, cli: Cli): void {
  const affinities = program
    .command('affinities')
    .description('List or watch affinities: which API key is pinned to which provider key.')

  addFilterOptions(
    affinities
      .command('list')
      .description('List live affinities.')
      .option(
        '--search <text>',
        'Select affinities of the user or API key with exactly this id, username or email; otherwise affinities with this text in an id, a name or an email.',
      ),
  )
    .addOption(new Option('--sort <field>', `Sort by this field. ${DEFAULT_SORT}`).choices(Object.keys(SORT)))
    .option(
      '--ascending',
      'Print the smallest or earliest value first. By default the largest or latest comes first.',
    )
    .addOption(
      new Option(
        '--details',
        'Print every field of the named rows in JSON, such as masked keys. This is slower.',
      ).conflicts('records'),
    )
    .option(
      '--records',
      'Print only what Redis holds, without names and usability. This is much faster. Not together with --details.',
    )
    .addOption(limitOption())
    .action((_options, command: Command) => list(cli, command))

  addWatch(affinities, cli)
}

async function list(cli: Cli, command: Command): Promise<void> {
  const { search, sort, ascending, details, records } = command.opts<ListOptions>()
  const client = clientOf(cli, command)
  const filter = filterOf(command)
  const args = { search, filter, orderBy: orderOf({ sort, ascending }, recordLimit(command)) }
  const { records: printed } = records
    ? await printList(cli, command, RECORD_COLUMNS, client.affinityRecords, args)
    : await printList(
        cli,
        command,
        AFFINITY_COLUMNS,
        details ? client.affinities : client.affinityNames,
        args,
      )
  await tellSchedulingMode(cli, client)
  const hint = printed === 0 ? noMatchHint(filter) : undefined
  if (hint) cli.terminal.note(hint)
}

/** Returns no order for all records: the client then prints them in its own order and holds at most two pages. */
function orderOf({ sort, ascending }: ListOptions, wanted: number): AffinityOrder | undefined {
  if (sort === undefined && !ascending && wanted === Number.POSITIVE_INFINITY) return undefined
  return { field: SORT[sort ?? 'expires'], direction: ascending ? 'ASC' : 'DESC' }
}
