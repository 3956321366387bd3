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
import { EXIT } from '../exit-codes.js'
import { type Column, count, duration, facts, percent, utc } from '../format.js'
import { json, limitOption, printList, printOne } from '../lists.js'
import { printable } from '../printable.js'

/** Commands that only look: stats, config, mappings, audit. */
export function addLooks(program: Command, cli: Cli): void {
  program
    .command('stats')
    .description('how well the cache affinity works')
    .addOption(
      new Option('--watch [seconds]', 'again every 1 to 60 seconds, until Ctrl-C')
        .preset('5')
        .argParser(intervalSeconds),
    )
    .action((_options, command: Command) => stats(cli, command))

  program
    .command('config')
    .description('how the gateway’s cache affinity is set up')
    .action(async (_options, command: Command) => {
      const config = await clientOf(cli, command).cacheConfig({ signal: cli.signal })
      await printOne(cli, command, config, () => configText(config, cli))
    })

  const mappings = program.command('mappings').description('names that lead to a model')
  mappings
    .command('list')
    .description('cached names that lead to a model of another name')
    .addOption(new Option('--providers', 'what providers call the models, instead').conflicts(['unmapped']))
    .addOption(
      new Option('--unmapped', 'names that lead to nothing, instead').conflicts(['providers', 'search']),
    )
    .option('--search <text>', 'with this in one of its names')
    .addOption(limitOption())
    .action((_options, command: Command) => listMappings(cli, command))
  mappings
    .command('stats')
    .description('how many keys the model caches hold')
    .action(async (_options, command: Command) => {
      const answer = await clientOf(cli, command).modelMappingStats({ signal: cli.signal })
      if (!answer.available) cli.exitCode = EXIT.unavailable
      await printOne(cli, command, answer, () => mappingStatsText(answer, cli))
    })

  program
    .command('audit')
    .description('what was tried through the server, newest first')
    .option('--action <action>', 'only events of this action, such as cache_clear_all')
    .addOption(limitOption())
    .action(async (_options, command: Command) => {
      const { action } = command.opts<{ action?: string }>()
      const client = clientOf(cli, command)
      await printList(cli, command, AUDIT_COLUMNS, client.auditEvents, { action })
    })
}

function intervalSeconds(text: string): number {
  if (!/^[1-9]\d?$/.test(text) || Number(text) > 60) throw new InvalidArgumentError('It must be 1 to 60.')
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
  for await (const answer of client.cacheStats.watch({ intervalSeconds: watch }, { signal: cli.signal })) {
    await cli.terminal.write(isTable ? `${statsText(answer, cli)}\n` : `${json(answer)}\n`)
  }
}

function statsText(stats: CacheStats, { terminal }: Cli): string {
  const { schedulerMetrics, affinityStats, observed } = stats
  return facts(
    [
      ['affinities', count(stats.totalAffinities)],
      ['hit rate', percent(stats.cacheHitRate)],
      ['hits, misses', `${count(stats.cacheHits)}, ${count(stats.cacheMisses)}`],
      ['invalidations', count(stats.cacheInvalidations)],
      ['provider switches', count(stats.providerSwitches)],
      ['key switches', count(stats.keySwitches)],
      ['scheduling', `${stats.schedulingMode}, ${stats.priorityMode}`],
      ['scheduler batches', count(schedulerMetrics.totalBatches)],
      ['scheduler hit rate', percent(schedulerMetrics.cacheHitRate)],
      ['concurrency denied', count(schedulerMetrics.concurrencyDenied)],
      ['default TTL', duration(affinityStats.defaultTtlSeconds)],
      ['seen since', observed.since],
      ['  created', count(observed.created)],
      ['  refreshed', count(observed.refreshed)],
      ['  switched', count(observed.providerSwitches + observed.keySwitches)],
      ['  removed', count(observed.removed)],
      ['  expired', count(observed.expired)],
      ['  reuse rate', percent(observed.reuseRate)],
      ['storage', stats.storageType],
    ],
    terminal,
  )
}

const configText = ({ parameters }: CacheConfig, { terminal }: Cli): string =>
  parameters
    .map(({ name, value, description }) => `${terminal.style('bold', name)} ${value}\n    ${description}\n`)
    .join('')

function mappingStatsText(stats: ModelMappingStats, { terminal }: Cli): string {
  if (!stats.available) return `${printable(stats.message ?? 'Not available.')}\n`
  const { breakdown } = stats
  return facts(
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
  of: ({ ttlSeconds }: { readonly ttlSeconds: number | null }) => duration(ttlSeconds),
  align: 'right',
} as const

const MAPPING_COLUMNS: readonly Column<ModelMapping>[] = [
  { title: 'NAME', of: ({ mappingName }) => mappingName },
  { title: 'MODEL', of: ({ globalModelName, globalModelId }) => globalModelName ?? globalModelId },
  { title: 'PROVIDERS', of: ({ providers }) => providers.map(({ displayName }) => displayName).join(', ') },
  EXPIRES_IN,
]

const PROVIDER_COLUMNS: readonly Column<ProviderModelMapping>[] = [
  { title: 'PROVIDER', of: ({ providerName }) => providerName },
  { title: 'MODEL', of: ({ globalModelName }) => globalModelName },
  { title: 'ITS NAME THERE', of: ({ providerModelName }) => providerModelName },
  { title: 'ALIASES', of: ({ aliases }) => aliases.join(', ') },
  { title: 'HITS', of: ({ hitCount }) => hitCount, align: 'right' },
  EXPIRES_IN,
]

const UNMAPPED_COLUMNS: readonly Column<UnmappedEntry>[] = [
  { title: 'NAME', of: ({ mappingName }) => mappingName },
  { title: 'STATUS', of: ({ status }) => status },
  EXPIRES_IN,
]

const AUDIT_COLUMNS: readonly Column<AuditEvent>[] = [
  { title: 'WHEN (UTC)', of: ({ createdAt }) => utc(createdAt) },
  { title: 'WHO', of: ({ actorName }) => actorName },
  { title: 'FROM', of: ({ ipAddress }) => ipAddress },
  { title: 'ACTION', of: ({ action }) => action },
  { title: 'OF', of: ({ metadata }) => subject(within(metadata, 'arguments')) },
  { title: 'DONE', of: ({ success, metadata }) => (success && isDryRun(metadata) ? 'dry run' : success) },
  { title: 'RECORDS', of: ({ metadata }) => clearedCount(metadata), align: 'right' },
  { title: 'PROBLEM', of: ({ errorMessage }) => errorMessage },
]

/** Metadata is JSON of the server's; nothing of it is certain. */
const within = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined

const isDryRun = (metadata: unknown): boolean => within(within(metadata, 'arguments'), 'dryRun') === true

/** What it was asked of: a filter's values, a name; nothing where it was of everything. */
function subject(value: unknown): string {
  if (typeof value !== 'object' || value === null) return typeof value === 'string' ? value : ''
  return Object.entries(value)
    .filter(([name]) => name !== 'dryRun' && name !== 'confirm')
    .map(([name, inner]) => (typeof inner === 'boolean' ? `${inner ? '' : 'not '}${name}` : subject(inner)))
    .filter((text) => text !== '')
    .join(', ')
}

function clearedCount(metadata: unknown): number | undefined {
  const count = within(within(metadata, 'result'), 'clearedCount')
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
