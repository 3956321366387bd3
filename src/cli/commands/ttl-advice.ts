import { type Command, Option } from 'commander'
import type { TtlAdvice, TtlAdviceArguments, TtlAdviceList } from '../../client/index.js'
import { type Cli, clientOf, tableViewOf } from '../command.js'
import { CommandError, EXIT } from '../exit-codes.js'
import { type Column, count, percent, properties, table, utc } from '../format.js'
import { printOne } from '../lists.js'
import { join, type Printable, plain } from '../terminal.js'
import { beforeNow } from '../times.js'
import { firstOption, usageSinceOption } from './savings.js'

/** What a user writes for each grouping. */
const GROUPINGS: Readonly<Record<string, TtlAdviceArguments['by']>> = {
  user: 'USER',
  'api-key': 'API_KEY',
  'provider-key': 'PROVIDER_KEY',
}

const REASONS: Readonly<Record<TtlAdvice['reason'], string>> = {
  BAND_STILL_READS: 'the cache still reads',
  TOO_FEW_NEIGHBOURS: 'too little is known',
  TTL_IS_FIXED: 'the TTL is fixed',
}

const minutes = (value: number | null): string =>
  value === null ? '-' : `${Math.round(value * 10) / 10} min`

const COLUMNS: readonly Column<TtlAdvice>[] = [
  { title: 'GROUP', value: ({ label }) => label },
  { title: 'INTERVALS', value: ({ intervals }) => count(intervals), align: 'right' },
  { title: 'P50', value: ({ p50Minutes }) => minutes(p50Minutes), align: 'right' },
  { title: 'P90', value: ({ p90Minutes }) => minutes(p90Minutes), align: 'right' },
  {
    title: 'KEPT 5/15/30/60',
    value: ({ options }) => options.map(({ keptShare }) => percent(keptShare)).join(' '),
    align: 'right',
  },
  { title: 'NOW', value: ({ currentMinutes }) => minutes(currentMinutes), align: 'right' },
  { title: 'GATEWAY', value: ({ gatewayMinutes }) => minutes(gatewayMinutes), align: 'right' },
  { title: 'ADVICE', value: ({ recommendedMinutes }) => minutes(recommendedMinutes), align: 'right' },
  { title: 'WHY', value: ({ reason }) => REASONS[reason] },
]

/** Adds the command that advises TTLs. */
export function addTtlAdvice(program: Command, cli: Cli): void {
  program
    .command('ttl-advice')
    .description(
      'Show how long users pause between requests, and how long pins should last, by the gateway’s usage rows.',
    )
    .addOption(usageSinceOption())
    .addOption(
      new Option('--by <group>', 'List advice for each of these.')
        .choices(Object.keys(GROUPINGS))
        .default('provider-key'),
    )
    .addOption(firstOption('List at most this number of groups, 1 to 10000.'))
    .action((_options, command: Command) => ttlAdvice(cli, command))
}

async function ttlAdvice(cli: Cli, command: Command): Promise<void> {
  const options = command.opts<{ since: number; by: string; first: number }>()
  const by = GROUPINGS[options.by] ?? 'PROVIDER_KEY'
  const since = beforeNow(options.since)
  const advice = await clientOf(cli, command).ttlAdvice(
    { since, by, first: options.first },
    { signal: cli.signal },
  )
  if (advice === null) throw new CommandError('This gateway has no usage rows.', EXIT.unavailable)
  await printOne(cli, command, advice, () => adviceText(advice, cli, command))
}

function adviceText(advice: TtlAdviceList, cli: Cli, command: Command): Printable {
  const { terminal } = cli
  const view = tableViewOf(cli, command)
  const facts = properties(
    [
      ['since', `${utc(advice.since)} UTC`],
      ['until', `${utc(advice.until)} UTC`],
      ['groups', count(advice.groupCount)],
      [
        'TTL',
        advice.ttlIsFixed ? 'fixed: this gateway gives every pin 5 minutes' : 'set for each provider key',
      ],
    ],
    terminal,
  )
  return join([facts, plain`\n`, table(COLUMNS, [...advice.groups], terminal, view)])
}
