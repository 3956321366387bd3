import { type Command, InvalidArgumentError, Option } from 'commander'
import type { CacheUsage, CacheUsageArguments } from '../../client/index.js'
import { type Cli, clientOf, tableViewOf } from '../command.js'
import { CommandError, EXIT } from '../exit-codes.js'
import { type Column, count, dollars, percent, properties, table, utc } from '../format.js'
import { printOne } from '../lists.js'
import { join, type Printable, plain } from '../terminal.js'
import { beforeNow, sinceOption } from '../times.js'

type Grouping = CacheUsageArguments['by']
type Group = CacheUsage['groups'][number]

/** What a user writes for each grouping. */
export const GROUPINGS: Readonly<Record<string, Grouping>> = {
  user: 'USER',
  'api-key': 'API_KEY',
  provider: 'PROVIDER',
  'provider-key': 'PROVIDER_KEY',
  model: 'MODEL',
  'api-format': 'API_FORMAT',
  hour: 'HOUR',
  day: 'DAY',
}

const COLUMNS: readonly Column<Group>[] = [
  { title: 'GROUP', value: ({ label, start }) => (start === null ? label : utc(start)) },
  { title: 'REQUESTS', value: ({ figures }) => count(figures.requests), align: 'right' },
  { title: 'HIT RATE', value: ({ figures }) => percent(figures.tokenHitRate), align: 'right' },
  { title: 'SAVED', value: ({ figures }) => dollars(figures.savedUsd), align: 'right' },
  { title: 'PREMIUM', value: ({ figures }) => dollars(figures.creationPremiumUsd), align: 'right' },
  { title: 'NET', value: ({ figures }) => dollars(figures.netSavedUsd), align: 'right' },
  { title: 'UNPRICED', value: ({ figures }) => count(figures.unpricedRequests), align: 'right' },
]

const DEFAULT_GROUPS = 20
function groups(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text) || Number(text) > 10_000)
    throw new InvalidArgumentError('The number must be a whole number from 1 to 10000.')
  return Number(text)
}

/** Says how long before now requests count. */
export const usageSinceOption = (): Option =>
  sinceOption('Sum the requests of so long before now: 90m, 24h or 7d, at most 31d.', '24h')

export const firstOption = (description: string): Option =>
  new Option('--first <groups>', description).default(DEFAULT_GROUPS).argParser(groups)

/** Adds the command that says what the providers’ caches earned. */
export function addSavings(program: Command, cli: Cli): void {
  program
    .command('savings')
    .description(
      'Show what the providers’ caches saved, by the gateway’s usage rows, in US dollars at list price.',
    )
    .addOption(usageSinceOption())
    .addOption(new Option('--by <group>', 'List a sum for each of these.').choices(Object.keys(GROUPINGS)))
    .addOption(firstOption('List at most this number of groups, 1 to 10000; hours and days are all listed.'))
    .action((_options, command: Command) => savings(cli, command))
}

async function savings(cli: Cli, command: Command): Promise<void> {
  const options = command.opts<{ since: number; by?: string; first: number }>()
  const by = GROUPINGS[options.by ?? ''] ?? 'TOTAL'
  const since = beforeNow(options.since)
  const usage = await clientOf(cli, command).cacheUsage(
    { since, by, first: options.first },
    { signal: cli.signal },
  )
  if (usage === null) throw new CommandError('This gateway has no usage rows.', EXIT.unavailable)
  await printOne(cli, command, usage, () => usageText(usage, cli, command))
}

function usageText(usage: CacheUsage, cli: Cli, command: Command): Printable {
  const { terminal } = cli
  const view = tableViewOf(cli, command)
  const { total, groups: listed, others, by } = usage
  const sums = properties(
    [
      ['since', `${utc(usage.since)} UTC`],
      ['until', `${utc(usage.until)} UTC`],
      ['requests', count(total.requests)],
      ['with a cache read', percent(total.requestHitRate)],
      ['input from the cache', percent(total.tokenHitRate)],
      ['saved', dollars(total.savedUsd)],
      ['paid for writing', dollars(total.creationPremiumUsd)],
      ['net', dollars(total.netSavedUsd)],
      ['net, with multipliers', dollars(total.actualNetSavedUsd)],
      ['without a price', count(total.unpricedRequests)],
    ],
    terminal,
  )
  if (by === 'TOTAL') return sums
  const rest: readonly Group[] =
    usage.groupCount > listed.length
      ? [
          {
            key: null,
            label: `${count(usage.groupCount - listed.length)} others`,
            start: null,
            figures: others,
          },
        ]
      : []
  return join([sums, plain`\n`, table(COLUMNS, [...listed, ...rest], terminal, view)])
}
