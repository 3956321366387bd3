import { type Command, Option } from 'commander'
import type { AffinityEvent, AffinityNames, AffinityOrder, AffinityRecord } from '../../client/index.js'
import { addFilterOptions, filterOf, whenNone } from '../affinity-filter.js'
import { type Cli, clientOf, formatOf } from '../command.js'
import { type Column, cell, duration, utc } from '../format.js'
import { json, limitOption, printList, wantedRecords } from '../lists.js'

const SORT = { expires: 'EXPIRES_AT', created: 'CREATED_AT', requests: 'REQUEST_COUNT' } as const

const RECORD_COLUMNS: readonly Column<AffinityRecord>[] = [
  { title: 'API KEY', of: ({ affinityKey }) => affinityKey },
  { title: 'FORMAT', of: ({ apiFormat }) => apiFormat },
  { title: 'MODEL', of: ({ modelId }) => modelId },
  { title: 'PROVIDER', of: ({ providerId }) => providerId },
  { title: 'REQUESTS', of: ({ requestCount }) => requestCount, align: 'right' },
  { title: 'EXPIRES AT (UTC)', of: ({ expiresAt }) => utc(expiresAt) },
]

export const AFFINITY_COLUMNS: readonly Column<AffinityNames>[] = [
  { title: 'USER', of: ({ user }) => user?.username },
  { title: 'API KEY', of: ({ apiKey, affinityKey }) => apiKey?.name ?? affinityKey },
  { title: 'FORMAT', of: ({ apiFormat }) => apiFormat },
  { title: 'MODEL', of: ({ modelName, modelId }) => modelName ?? modelId },
  { title: 'PROVIDER', of: ({ provider, providerId }) => provider?.displayName ?? providerId },
  { title: 'PROVIDER KEY', of: ({ providerKey, providerKeyId }) => providerKey?.name ?? providerKeyId },
  { title: 'REQUESTS', of: ({ requestCount }) => requestCount, align: 'right' },
  { title: 'EXPIRES IN', of: ({ ttlSeconds }) => duration(ttlSeconds), align: 'right' },
  { title: 'STALE', of: ({ staleReasons }) => staleReasons?.join(', ') },
]

/** Records are used while they are listed, and a use moves them in the order of expiry. */
const WITHOUT_SORT = 'without it: expires, or as they were created where all are printed'

interface ListOptions {
  readonly search?: string
  readonly sort?: keyof typeof SORT | undefined
  readonly ascending?: true | undefined
  readonly records?: true
  readonly details?: true
}

export function addAffinities(program: Command, cli: Cli): void {
  const affinities = program.command('affinities').description('who is pinned to which provider key')

  addFilterOptions(
    affinities
      .command('list')
      .description('live affinities')
      .option('--search <text>', 'of this user or API key; else part of an id or a name'),
  )
    .addOption(new Option('--sort <field>', `order; ${WITHOUT_SORT}`).choices(Object.keys(SORT)))
    .option('--ascending', 'smallest first')
    .addOption(
      new Option('--details', 'in JSON every field of the rows too, such as masked keys; slower').conflicts(
        'records',
      ),
    )
    .option('--records', 'only what Redis holds, without names: much quicker for all of them')
    .addOption(limitOption())
    .action((_options, command: Command) => list(cli, command))

  addFilterOptions(
    affinities.command('watch').description('every change of an affinity, until Ctrl-C'),
  ).action((_options, command: Command) => watch(cli, command))
}

async function list(cli: Cli, command: Command): Promise<void> {
  const { search, sort, ascending, details, records } = command.opts<ListOptions>()
  const client = clientOf(cli, command)
  const filter = filterOf(command)
  const args = { search, filter, orderBy: orderOf({ sort, ascending }, wantedRecords(command)) }
  const printed = records
    ? await printList(cli, command, RECORD_COLUMNS, client.affinityRecords, args)
    : await printList(
        cli,
        command,
        AFFINITY_COLUMNS,
        details ? client.affinities : client.affinityNames,
        args,
      )
  const hint = printed === 0 ? whenNone(filter) : undefined
  if (hint) cli.terminal.note(hint)
}

/** No order for all records: the client then gives them as it reads them, and holds no more than two pages. */
function orderOf({ sort, ascending }: ListOptions, wanted: number): AffinityOrder | undefined {
  if (sort === undefined && !ascending && wanted === Number.POSITIVE_INFINITY) return undefined
  return { field: SORT[sort ?? 'expires'], direction: ascending ? 'ASC' : 'DESC' }
}

async function watch(cli: Cli, command: Command): Promise<void> {
  const { terminal, signal } = cli
  const asJson = formatOf(command) !== 'table'
  const events = clientOf(cli, command).affinityEvents(
    { filter: filterOf(command) },
    {
      signal,
      onDisconnect: (error) => terminal.note(`affinityql: ${error.message} Trying again …`),
      onReconnect: () => terminal.note('affinityql: connected again; what happened in between was not seen.'),
    },
  )
  for await (const event of events) await terminal.write(`${asJson ? json(event) : line(event, cli)}\n`)
}

const COLOURS = {
  CREATED: 'green',
  REFRESHED: 'dim',
  SWITCHED: 'yellow',
  REMOVED: 'red',
  EXPIRED: 'dim',
} as const

function line({ type, at, affinity, previousProviderId }: AffinityEvent, { terminal }: Cli): string {
  const { user, affinityKey, apiFormat, modelName, modelId, provider, providerId } = affinity
  const from =
    previousProviderId && previousProviderId !== providerId ? ` (was ${cell(previousProviderId)})` : ''
  return [
    `${at.slice(11, 19)}Z`,
    terminal.style(COLOURS[type], type.padEnd(9)),
    cell(user?.username ?? affinityKey),
    cell(apiFormat),
    cell(modelName ?? modelId),
    `→ ${cell(provider?.displayName ?? providerId)}${from}`,
  ].join('  ')
}
