import { type Command, Option } from 'commander'
import type {
  AffinityEvent,
  AffinityNames,
  AffinityOrder,
  AffinityRecord,
  Verdict,
} from '../../client/index.js'
import { addFilterOptions, filterOf, noMatchHint } from '../affinity-filter.js'
import { type Cli, clientOf, formatOf } from '../command.js'
import { type Column, cell, duration, utc } from '../format.js'
import { json, limitOption, printList, recordLimit } from '../lists.js'
import { tellSchedulingMode } from '../scheduling-mode.js'
import { join, type Printable, plain, printable } from '../terminal.js'

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

/** Only the family with sessions fills these columns. The first digits of a hash tell sessions apart well enough for a person. */
const SESSION_COLUMNS: readonly Column<Pick<AffinityRecord, 'clientFamily' | 'sessionHash'>>[] = [
  { title: 'CLIENT', value: ({ clientFamily }) => clientFamily, optional: true },
  { title: 'SESSION', value: ({ sessionHash }) => sessionHash?.slice(0, 12), optional: true },
]

const DOES_NOT_EXPIRE = 'does not expire'

const RECORD_COLUMNS: readonly Column<AffinityRecord>[] = [
  { title: 'API KEY', value: ({ affinityKey }) => affinityKey },
  { title: 'FORMAT', value: ({ apiFormat }) => apiFormat },
  { title: 'MODEL', value: ({ modelId }) => modelId },
  ...SESSION_COLUMNS,
  { title: 'PROVIDER', value: ({ providerId }) => providerId },
  { title: 'REQUESTS', value: ({ requestCount }) => requestCount, align: 'right' },
  {
    title: 'EXPIRES AT (UTC)',
    value: ({ expiresAt }) => (expiresAt === null ? DOES_NOT_EXPIRE : utc(expiresAt)),
  },
]

export const AFFINITY_COLUMNS: readonly Column<AffinityNames>[] = [
  { title: 'USER', value: ({ user }) => user?.username },
  { title: 'API KEY', value: ({ apiKey, affinityKey }) => apiKey?.name ?? affinityKey },
  { title: 'FORMAT', value: ({ apiFormat }) => apiFormat },
  { title: 'MODEL', value: ({ modelName, modelId }) => modelName ?? modelId },
  ...SESSION_COLUMNS,
  { title: 'PROVIDER', value: ({ provider, providerId }) => provider?.displayName ?? providerId },
  { title: 'PROVIDER KEY', value: ({ providerKey, providerKeyId }) => providerKey?.name ?? providerKeyId },
  { title: 'REQUESTS', value: ({ requestCount }) => requestCount, align: 'right' },
  {
    title: 'EXPIRES IN',
    value: ({ ttlSeconds }) => duration(ttlSeconds) ?? DOES_NOT_EXPIRE,
    align: 'right',
  },
  { title: 'USABILITY', value: ({ usability }) => usability },
  { title: 'WHY', value: whyOf, optional: true, whole: true },
]

/** Why a pin is stale, or what of a request its use depends on. */
function whyOf({ staleReasons, conditions }: Verdict): string | undefined {
  const words = [...(staleReasons ?? []), ...(conditions ?? [])]
  return words.length > 0 ? words.join(', ') : undefined
}

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

  addFilterOptions(
    affinities.command('watch').description('Print every change of an affinity, until Ctrl-C.'),
  ).action((_options, command: Command) => watch(cli, command))
}

async function list(cli: Cli, command: Command): Promise<void> {
  const { search, sort, ascending, details, records } = command.opts<ListOptions>()
  const client = clientOf(cli, command)
  const filter = filterOf(command)
  const args = { search, filter, orderBy: orderOf({ sort, ascending }, recordLimit(command)) }
  const printed = records
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

async function watch(cli: Cli, command: Command): Promise<void> {
  const { terminal, signal } = cli
  const asJson = formatOf(command) !== 'table'
  const client = clientOf(cli, command)
  const events = client.affinityEvents(
    { filter: filterOf(command) },
    {
      signal,
      onDisconnect: (error) => terminal.note(`affinityql: ${error.message} The command connects again …`),
      onReconnect: () =>
        terminal.note('affinityql: The command is connected again. It has missed the changes in between.'),
    },
  )
  const print = async () => {
    for await (const event of events)
      await terminal.write(plain`${asJson ? json(event) : line(event, cli)}\n`)
  }
  // At the same time: no change is missed while the mode is read.
  await Promise.all([tellSchedulingMode(cli, client), print()])
}

const COLOURS = {
  CREATED: 'green',
  REFRESHED: 'dim',
  SWITCHED: 'yellow',
  REMOVED: 'red',
  EXPIRED: 'dim',
  ENTERED: 'green',
  LEFT: 'yellow',
} as const

function line({ type, at, affinity, previousProviderId }: AffinityEvent, { terminal }: Cli): Printable {
  const { user, affinityKey, apiFormat, modelName, modelId, provider, providerId, usability } = affinity
  const why = whyOf(affinity)
  const from =
    previousProviderId && previousProviderId !== providerId
      ? plain` (was ${cell(previousProviderId)})`
      : plain``
  // A later server may have more types.
  const colour = Object.hasOwn(COLOURS, type) ? COLOURS[type] : 'dim'
  const columns = [
    plain`${printable(at.slice(11, 19))}Z`,
    terminal.style(colour, printable(type.padEnd(9))),
    cell(user?.username ?? affinityKey),
    cell(apiFormat),
    cell(modelName ?? modelId),
    plain`→ ${cell(provider?.displayName ?? providerId)}${from}`,
    ...(why === undefined
      ? []
      : [terminal.style('yellow', plain`${printable(usability)}: ${printable(why)}`)]),
  ]
  return join(columns, '  ')
}
