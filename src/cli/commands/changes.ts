import { type Command, Option } from 'commander'
import type { AffinityChange, AffinityEventType, AffinityqlClient } from '../../client/index.js'
import { noMatchHint } from '../affinity-filter.js'
import { type Cli, clientOf, formatOf } from '../command.js'
import { type Column, count, utc, type Value } from '../format.js'
import { limitOption, printList } from '../lists.js'
import { type Kind, PROVIDER, resolveName } from '../resolve-name.js'
import { beforeNow, sinceOption } from '../times.js'

interface ChangesOptions {
  readonly since: number
  readonly type?: AffinityEventType
  readonly provider?: string
  readonly providerKey?: string
  readonly user?: string
  readonly apiKey?: string
}

const LISTED_TYPES: readonly AffinityEventType[] = ['SWITCHED', 'REMOVED']

export function addChanges(program: Command, cli: Cli): void {
  program
    .command('changes')
    .description('List the latest switches, removals and clears that the server saw, newest first.')
    .addOption(sinceOption('List the changes of so long before now: 30m, 1h or 7d, at most 31d.', '1h'))
    .addOption(new Option('--type <type>', 'List changes of this type alone.').choices(LISTED_TYPES))
    .option(
      '--provider <provider>',
      'List changes at the provider with this id, name or display name; a switch is at both of its providers.',
    )
    .option(
      '--provider-key <id>',
      'List changes at this provider key; a switch is at both of its provider keys.',
    )
    .option('--user <id>', 'List changes of this user’s API keys.')
    .option('--api-key <id>', 'List changes of this API key.')
    .addOption(limitOption())
    .action((_options, command: Command) => changes(cli, command))
}

async function changes(cli: Cli, command: Command): Promise<void> {
  const { since, type, provider, ...ids } = command.opts<ChangesOptions>()
  const client = clientOf(cli, command)
  const named = { providerKeyId: ids.providerKey, userId: ids.user, affinityKey: ids.apiKey }
  const providerId = provider === undefined ? undefined : await providerIdOf(cli, command, client, provider)
  const from = beforeNow(since)
  const { records, lastPage } = await printList(cli, command, COLUMNS, client.affinityChanges, {
    since: from,
    ...(type && { types: [type] }),
    providerId,
    ...named,
  })
  const hint = records === 0 ? noMatchHint(named) : undefined
  if (hint) cli.terminal.note(hint)
  if (lastPage) tellWhatIsKnown(cli, command, lastPage.knownSince, from)
}

async function providerIdOf(
  cli: Cli,
  command: Command,
  client: AffinityqlClient,
  text: string,
): Promise<string> {
  const kind: Kind = {
    ...PROVIDER,
    isNamed: async (providerId, { affinityChanges }, signal) =>
      (await affinityChanges({ providerId, first: 1 }, { signal })).totalCount > 0,
  }
  return (await resolveName(cli, command, client, { text, kind, undone: 'Nothing was listed' })).id
}

/** Says since when the list is whole. Who reads JSON is told only where something may be missing. */
function tellWhatIsKnown(cli: Cli, command: Command, knownSince: string, from: string): void {
  const isWhole = Date.parse(knownSince) <= Date.parse(from)
  if (isWhole && formatOf(command) !== 'table') return
  const before = isWhole ? '' : '; of the time before, some may be missing'
  cli.terminal.note(
    `This server knows every change since ${utc(knownSince)} UTC${before}. Each replica lists what it saw itself.`,
  )
}

/** A clear of many affinities is one change, whose other fields are those of one of them: they would say too much. */
const ofOne =
  (value: (change: AffinityChange) => Value) =>
  (change: AffinityChange): Value =>
    change.count > 1 ? null : value(change)

const COLUMNS: readonly Column<AffinityChange>[] = [
  // A time says nothing if it is cut, so it is narrowed after all texts, as a number is.
  { title: 'WHEN (UTC)', value: ({ at }) => utc(at), align: 'right' },
  { title: 'TYPE', value: ({ type, auditEventId }) => (auditEventId === null ? type : 'CLEARED') },
  { title: 'AFFINITIES', value: (change) => count(change.count), align: 'right', rank: 1 },
  { title: 'USER', value: ofOne(({ user }) => user?.username) },
  { title: 'USER ID', value: ofOne(({ user }) => user?.id), wide: true },
  { title: 'API KEY', value: ofOne(({ apiKey, affinityKey }) => apiKey?.name ?? affinityKey), rank: 4 },
  { title: 'API KEY ID', value: ofOne(({ affinityKey }) => affinityKey), wide: true },
  { title: 'FORMAT', value: ofOne(({ apiFormat }) => apiFormat), rank: 5 },
  { title: 'MODEL', value: ofOne(({ modelName, modelId }) => modelName ?? modelId), rank: 2 },
  { title: 'PROVIDER', value: ofOne(({ provider, providerId }) => provider?.displayName ?? providerId) },
  { title: 'PROVIDER ID', value: ofOne(({ providerId }) => providerId), wide: true },
  {
    title: 'PROVIDER KEY',
    value: ofOne(({ providerKey, providerKeyId }) => providerKey?.name ?? providerKeyId),
    rank: 3,
  },
  { title: 'PROVIDER KEY ID', value: ofOne(({ providerKeyId }) => providerKeyId), wide: true },
  {
    title: 'BEFORE',
    value: ({ previousProvider, previousProviderId }) => previousProvider?.displayName ?? previousProviderId,
    optional: true,
  },
  {
    title: 'KEY BEFORE',
    value: ({ previousProviderKey, previousProviderKeyId }) =>
      previousProviderKey?.name ?? previousProviderKeyId,
    optional: true,
    rank: 3,
  },
  { title: 'AUDIT EVENT ID', value: ({ auditEventId }) => auditEventId, optional: true, wide: true },
]
