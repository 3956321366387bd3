import { type Command, InvalidArgumentError, Option } from 'commander'
import type {
  AuditEvent,
  CacheConfig,
  CacheStats,
  ModelMapping,
  ModelMappingStats,
  ProviderModelMapping,
  UnmappedEntry,
} from '../../client/index.js'
import { type Cli, clientOf, formatOf } from '../command.js'
import { connectionNotes } from '../connection-notes.js'
import { EXIT } from '../exit-codes.js'
import { type Column, count, duration, percent, properties, utc } from '../format.js'
import { json, limitOption, printList, printOne } from '../lists.js'
import { join, type Printable, plain, printable } from '../terminal.js'

/** Adds the commands that only read: stats, config, mappings, audit. */
export function addQueries(program: Command, cli: Cli): void {
  program
    .command('stats')
    .description('Show how well the cache affinity works: affinities, hit rate, switches.')
    .addOption(
      new Option(
        '--watch [seconds]',
        'Show the statistics again at this interval, 1 to 60 seconds, until Ctrl-C.',
      )
        .preset('5')
        .argParser(intervalSeconds),
    )
    .action((_options, command: Command) => stats(cli, command))

  program
    .command('config')
    .description('Show the configuration of the gateway’s cache affinity, with the meaning of each value.')
    .action(async (_options, command: Command) => {
      const config = await clientOf(cli, command).cacheConfig({ signal: cli.signal })
      await printOne(cli, command, config, () => configText(config, cli))
    })

  const mappings = program
    .command('mappings')
    .description('List or count the model mappings in the gateway’s cache.')
  mappings
    .command('list')
    .description('List cached names that resolve to a global model of another name.')
    .addOption(
      new Option('--providers', 'List the names of global models at their providers instead.').conflicts([
        'unmapped',
      ]),
    )
    .addOption(
      new Option('--unmapped', 'List names that resolve to no global model instead.').conflicts([
        'providers',
        'search',
      ]),
    )
    .option(
      '--search <text>',
      'Select mappings with this text in one of their names. Not together with --unmapped.',
    )
    .addOption(limitOption())
    .action((_options, command: Command) => listMappings(cli, command))
  mappings
    .command('stats')
    .description('Show the number of keys in the gateway’s model caches.')
    .action(async (_options, command: Command) => {
      const answer = await clientOf(cli, command).modelMappingStats({ signal: cli.signal })
      if (!answer.available) cli.exitCode = EXIT.unavailable
      await printOne(cli, command, answer, () => mappingStatsText(answer, cli))
    })

  program
    .command('audit')
    .description('List audit events, newest first: who signed in or cleared what.')
    .option('--action <action>', 'Select events of this action, such as cache_clear_all.')
    .addOption(limitOption())
    .action(async (_options, command: Command) => {
      const { action } = command.opts<{ action?: string }>()
      const client = clientOf(cli, command)
      await printList(cli, command, AUDIT_COLUMNS, client.auditEvents, { action })
    })
}

function intervalSeconds(text: string): number {
  if (!/^[1-9]\d?$/.test(text) || Number(text) > 60)
    throw new InvalidArgumentError('The interval must be a whole number of seconds from 1 to 60.')
  return Number(text)
}

async function stats(cli: Cli, command: Command): Promise<void> {
  const { watch } = command.opts<{ watch?: number }>()
  const client = clientOf(cli, command)
  if (watch === undefined) {
    const answer = await client.cacheStats({ signal: cli.signal })
    return printOne(cli, command, answer, () => statsText(answer, cli))
  }
  const isTable = formatOf(command) === 'table'
  const call = { signal: cli.signal, ...connectionNotes(cli.terminal, 'The statistics are those of now.') }
  for await (const answer of client.cacheStats.watch({ intervalSeconds: watch }, call)) {
    await cli.terminal.write(isTable ? plain`${statsText(answer, cli)}\n` : plain`${json(answer)}\n`)
  }
}

function statsText(stats: CacheStats, { terminal }: Cli): Printable {
  const { schedulerMetrics, affinityStats, observed } = stats
  return properties(
    [
      ['affinities', count(stats.totalAffinities)],
      ['hit rate', percent(stats.cacheHitRate)],
      ['hits', count(stats.cacheHits)],
      ['misses', count(stats.cacheMisses)],
      ['invalidations', count(stats.cacheInvalidations)],
      ['provider switches', count(stats.providerSwitches)],
      ['key switches', count(stats.keySwitches)],
      ['scheduling', `${stats.schedulingMode ?? 'unknown'}, ${stats.priorityMode ?? 'unknown'}`],
      ['scheduler batches', count(schedulerMetrics.totalBatches)],
      ['scheduler hit rate', percent(schedulerMetrics.cacheHitRate)],
      ['denied by concurrency', count(schedulerMetrics.concurrencyDenied)],
      ['default TTL', duration(affinityStats.defaultTtlSeconds)],
      ['seen since', observed.since],
      ['  created', count(observed.created)],
      ['  refreshed', count(observed.refreshed)],
      ['  switched', count(observed.providerSwitches + observed.keySwitches)],
      ['  removed', count(observed.removed)],
      ['  expired', count(observed.expired)],
      ['  reuse rate', percent(observed.reuseRate)],
      ['storage', stats.storageType],
      ...(stats.countersProblem === null ? [] : [['note', stats.countersProblem] as const]),
    ],
    terminal,
  )
}

const configText = ({ parameters }: CacheConfig, { terminal }: Cli): Printable =>
  join(
    parameters.map(
      ({ name, value, description }) =>
        plain`${terminal.style('bold', printable(name))} ${printable(value)}\n    ${printable(description)}\n`,
    ),
  )

function mappingStatsText(stats: ModelMappingStats, { terminal }: Cli): Printable {
  if (!stats.available) return plain`${printable(stats.message ?? 'The statistics are not available.')}\n`
  const { breakdown } = stats
  return properties(
    [
      ['keys', count(stats.totalKeys)],
      ['  models by id', count(breakdown.modelById)],
      ['  models by provider', count(breakdown.modelByProviderGlobal)],
      ['  global models by id', count(breakdown.globalModelById)],
      ['  global models by name', count(breakdown.globalModelByName)],
      ['  names resolved', count(breakdown.globalModelResolve)],
      ['TTL', duration(stats.ttlSeconds)],
    ],
    terminal,
  )
}

const EXPIRES_IN = {
  title: 'EXPIRES IN',
  value: ({ ttlSeconds }: { readonly ttlSeconds: number | null }) => duration(ttlSeconds),
  align: 'right',
  rank: 1,
} as const

const MAPPING_COLUMNS: readonly Column<ModelMapping>[] = [
  { title: 'NAME', value: ({ mappingName }) => mappingName },
  { title: 'MODEL', value: ({ globalModelName, globalModelId }) => globalModelName ?? globalModelId },
  { title: 'MODEL ID', value: ({ globalModelId }) => globalModelId, wide: true },
  {
    title: 'PROVIDERS',
    value: ({ providers }) => providers.map(({ displayName }) => displayName).join(', '),
  },
  { title: 'PROVIDER IDS', value: ({ providers }) => providers.map(({ id }) => id).join(', '), wide: true },
  EXPIRES_IN,
]

const PROVIDER_COLUMNS: readonly Column<ProviderModelMapping>[] = [
  { title: 'PROVIDER', value: ({ providerName }) => providerName },
  { title: 'PROVIDER ID', value: ({ providerId }) => providerId, wide: true },
  { title: 'MODEL', value: ({ globalModelName }) => globalModelName },
  { title: 'MODEL ID', value: ({ globalModelId }) => globalModelId, wide: true },
  { title: 'NAME AT PROVIDER', value: ({ providerModelName }) => providerModelName },
  { title: 'ALIASES', value: ({ aliases }) => aliases.join(', '), rank: 2 },
  { title: 'HITS', value: ({ hitCount }) => hitCount, align: 'right' },
  EXPIRES_IN,
]

const UNMAPPED_COLUMNS: readonly Column<UnmappedEntry>[] = [
  { title: 'NAME', value: ({ mappingName }) => mappingName },
  { title: 'STATUS', value: ({ status }) => status },
  EXPIRES_IN,
]

const AUDIT_COLUMNS: readonly Column<AuditEvent>[] = [
  { title: 'WHEN (UTC)', value: ({ createdAt }) => utc(createdAt) },
  { title: 'EVENT ID', value: ({ id }) => id, wide: true },
  { title: 'WHO', value: ({ actorName }) => actorName || '—' },
  { title: 'FROM', value: ({ ipAddress }) => ipAddress, rank: 3 },
  { title: 'ACTION', value: ({ action }) => action },
  { title: 'ARGUMENTS', value: ({ metadata }) => argumentsText(property(metadata, 'arguments')) },
  { title: 'DONE', value: ({ success, metadata }) => (success && isDryRun(metadata) ? 'dry run' : success) },
  { title: 'RECORDS', value: ({ metadata }) => clearedCount(metadata), align: 'right' },
  { title: 'ERROR', value: ({ errorMessage }) => errorMessage, rank: 1 },
]

/** Reads a property of an audit event's metadata, which is JSON of no fixed shape. */
const property = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined

const isDryRun = (metadata: unknown): boolean => property(property(metadata, 'arguments'), 'dryRun') === true

/** Prints the arguments of a clear: the values of a filter, or a name. A clear of everything has none. */
function argumentsText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return typeof value === 'string' ? value : ''
  return Object.entries(value)
    .filter(([name]) => name !== 'dryRun' && name !== 'confirm')
    .map(([name, inner]) =>
      typeof inner === 'boolean' ? `${inner ? '' : 'not '}${name}` : argumentsText(inner),
    )
    .filter((text) => text !== '')
    .join(', ')
}

function clearedCount(metadata: unknown): number | undefined {
  const count = property(property(metadata, 'result'), 'clearedCount')
  return typeof count === 'number' ? count : undefined
}

async function listMappings(cli: Cli, command: Command): Promise<void> {
  const { providers, unmapped, search } = command.opts<{
    providers?: true
    unmapped?: true
    search?: string
  }>()
  const client = clientOf(cli, command)
  if (unmapped) {
    await printList(cli, command, UNMAPPED_COLUMNS, client.unmappedEntries, {})
  } else if (providers) {
    await printList(cli, command, PROVIDER_COLUMNS, client.providerModelMappings, { search })
  } else {
    await printList(cli, command, MAPPING_COLUMNS, client.modelMappings, { search })
  }
}
