import { type Command, Option } from 'commander'
import type { SwitchCosts } from '../../client/index.js'
import { type Cli, clientOf, tableViewOf } from '../command.js'
import { CommandError, EXIT } from '../exit-codes.js'
import { type Column, count, dollars, percent, properties, table, utc } from '../format.js'
import { printOne } from '../lists.js'
import { join, type Printable, plain } from '../terminal.js'
import { beforeNow } from '../times.js'
import { firstOption, GROUPINGS, usageSinceOption } from './savings.js'

type Group = SwitchCosts['groups'][number]
type Cause = Group['figures']['byCause'][number]

const CAUSES: Readonly<Record<Cause['cause'], string>> = {
  KEY_FAILED: 'the key that was left had failed',
  CLEARED: 'a clear removed the pin',
  KEY_INACTIVE: 'the key that was left is inactive now',
  UNKNOWN: 'not known',
}

const SIDES = { left: 'FIRST', came: 'SECOND' } as const

const COLUMNS: readonly Column<Group>[] = [
  { title: 'GROUP', value: ({ label, start }) => (start === null ? label : utc(start)) },
  { title: 'PAIRS', value: ({ figures }) => count(figures.pairs), align: 'right' },
  { title: 'SWITCHES', value: ({ figures }) => count(figures.switches), align: 'right' },
  { title: 'LOST TOKENS', value: ({ figures }) => count(figures.lostTokens), align: 'right' },
  { title: 'COST', value: ({ figures }) => dollars(figures.costUsd), align: 'right' },
  { title: 'UNPRICED', value: ({ figures }) => count(figures.unpricedSwitches), align: 'right' },
]

const CAUSE_COLUMNS: readonly Column<Cause>[] = [
  { title: 'CAUSE', value: ({ cause }) => CAUSES[cause] },
  { title: 'SWITCHES', value: ({ switches }) => count(switches), align: 'right' },
  { title: 'COST', value: ({ costUsd }) => dollars(costUsd), align: 'right' },
]

/** Adds the command that says what switches cost. */
export function addSwitches(program: Command, cli: Cli): void {
  program
    .command('switches')
    .description(
      'Show what it cost that sessions were switched from one provider key to another, by the gateway’s usage rows, in US dollars at list price.',
    )
    .addOption(usageSinceOption())
    .addOption(new Option('--by <group>', 'List a sum for each of these.').choices(Object.keys(GROUPINGS)))
    .addOption(
      new Option('--side <side>', 'Group a switch by the request that was left, or by the one that came.')
        .choices(Object.keys(SIDES))
        .default('came'),
    )
    .addOption(firstOption('List at most this number of groups, 1 to 10000; hours and days are all listed.'))
    .action((_options, command: Command) => switches(cli, command))
}

async function switches(cli: Cli, command: Command): Promise<void> {
  const options = command.opts<{ since: number; by?: string; side: keyof typeof SIDES; first: number }>()
  const by = GROUPINGS[options.by ?? ''] ?? 'TOTAL'
  const since = beforeNow(options.since)
  const costs = await clientOf(cli, command).switchCosts(
    { since, by, side: SIDES[options.side], first: options.first },
    { signal: cli.signal },
  )
  if (costs === null) throw new CommandError('This gateway has no usage rows.', EXIT.unavailable)
  await printOne(cli, command, costs, () => costsText(costs, cli, command))
}

function costsText(costs: SwitchCosts, cli: Cli, command: Command): Printable {
  const { terminal } = cli
  const view = tableViewOf(cli, command)
  const { total, groups, others, by, groupCount } = costs
  const sums = properties(
    [
      ['since', `${utc(costs.since)} UTC`],
      ['until', `${utc(costs.until)} UTC`],
      ['pairs', count(total.pairs)],
      ['switches', `${count(total.switches)}${costs.sessionsKnown ? '' : ' (upper bound)'}`],
      ['lost tokens', count(total.lostTokens)],
      ['cost', dollars(total.costUsd)],
      ['without a price', count(total.unpricedSwitches)],
      ['input from the cache, stayed', percent(total.hitRateSameKey)],
      ['input from the cache, switched', percent(total.hitRateSwitched)],
      ['without a provider key', count(total.unknownPairs)],
      ['at the same instant', count(total.unorderedPairs)],
    ],
    terminal,
  )
  const causes =
    total.byCause.length === 0 ? [] : [plain`\n`, table(CAUSE_COLUMNS, [...total.byCause], terminal, view)]
  if (by === 'TOTAL') return join([sums, ...causes])
  const rest: readonly Group[] =
    groupCount > groups.length
      ? [{ key: null, label: `${count(groupCount - groups.length)} others`, start: null, figures: others }]
      : []
  return join([sums, ...causes, plain`\n`, table(COLUMNS, [...groups, ...rest], terminal, view)])
}
