import { type Command, InvalidArgumentError, Option } from 'commander'
import type { AffinityCounts, AffinityGrouping } from '../../client/index.js'
import { addFilterOptions, filterOf, noMatchHint } from '../affinity-filter.js'
import { type Cli, clientOf, formatOf, tableViewOf } from '../command.js'
import { CommandError, EXIT } from '../exit-codes.js'
import { type Column, count, counted, percent, shownColumns, table } from '../format.js'
import { json, printOne } from '../lists.js'
import { join, type Printable, plain } from '../terminal.js'

interface Dimension {
  /** The argument of `--by`. */
  readonly word: string
  /** What an affinity lacks that is in no group. */
  readonly none: string
}

/** The type has every grouping of the API, so that none can be left out. */
const DIMENSIONS: Readonly<Record<AffinityGrouping, Dimension>> = {
  PROVIDER: { word: 'provider', none: 'provider' },
  PROVIDER_KEY: { word: 'provider-key', none: 'provider key' },
  ENDPOINT: { word: 'endpoint', none: 'endpoint' },
  MODEL: { word: 'model', none: 'model' },
  API_FORMAT: { word: 'format', none: 'API format' },
  CLIENT_FAMILY: { word: 'client-family', none: 'client family' },
  USER: { word: 'user', none: 'user' },
  API_KEY: { word: 'api-key', none: 'API key' },
  STALE_REASON: { word: 'stale-reason', none: 'stale reason' },
  USABILITY: { word: 'usability', none: 'verdict' },
  FAMILY: { word: 'family', none: 'family' },
}

const isGrouping = (text: string): text is AffinityGrouping => Object.hasOwn(DIMENSIONS, text)
const WORDS = Object.values(DIMENSIONS).map(({ word }) => word)

const LISTED = 20
const MOST_LISTED = 1_000

export function addCounts(program: Command, cli: Cli): void {
  addFilterOptions(
    program
      .command('counts')
      .description('Count affinities by what they have in common, the largest group first.')
      .addOption(new Option('--by <dimension>', 'Count by this.').choices(WORDS).makeOptionMandatory())
      .option('--search <text>', 'Count the affinities that this search selects, as in `affinities list`.'),
  )
    .addOption(
      new Option('--limit <groups>', `Print at most so many groups, 1 to ${MOST_LISTED}.`)
        .default(LISTED)
        .argParser(groups),
    )
    .action((_options, command: Command) => counts(cli, command))
}

function groups(text: string): number {
  const value = Number(text)
  if (/^\d{1,4}$/.test(text) && value >= 1 && value <= MOST_LISTED) return value
  throw new InvalidArgumentError(`It must be a whole number of groups from 1 to ${MOST_LISTED}.`)
}

function groupingOf(word: string): AffinityGrouping {
  const grouping = Object.keys(DIMENSIONS)
    .filter(isGrouping)
    .find((name) => DIMENSIONS[name].word === word)
  if (!grouping) throw new CommandError(`Affinities are not counted by ${word}.`, EXIT.usage)
  return grouping
}

async function counts(cli: Cli, command: Command): Promise<void> {
  const { by, search, limit } = command.opts<{ by: string; search?: string; limit: number }>()
  const filter = filterOf(command)
  const answer = await clientOf(cli, command).affinityCounts(
    { by: groupingOf(by), filter, search, first: limit },
    { signal: cli.signal },
  )
  const format = formatOf(command)
  if (format === 'json') return printOne(cli, command, answer, () => plain``)
  if (format === 'ndjson') {
    return cli.terminal.write(join(answer.groups.map((group) => plain`${json(group)}\n`)))
  }
  await cli.terminal.write(tableOf(cli, command, answer, by))
  cli.terminal.note(summaryOf(answer))
  const hint = answer.total === 0 ? noMatchHint(filter) : undefined
  if (hint) cli.terminal.note(hint)
}

function tableOf(cli: Cli, command: Command, { groups, total }: AffinityCounts, by: string): Printable {
  const title = by.replaceAll('-', ' ').toUpperCase()
  const columns: readonly Column<AffinityCounts['groups'][number]>[] = [
    { title, value: ({ label }) => label },
    { title: `${title} ID`, value: ({ key }) => key, wide: true },
    { title: 'AFFINITIES', value: ({ count: size }) => count(size), align: 'right' },
    { title: 'SHARE', value: ({ count: size }) => percent(size / total), align: 'right', rank: 1 },
  ]
  if (groups.length === 0) return plain``
  const view = tableViewOf(cli, command)
  return table(shownColumns(columns, groups, view), groups, cli.terminal, view)
}

/** Says what the table does not show, so that its numbers add up. */
function summaryOf({ by, total, groups, groupCount, others, ungrouped }: AffinityCounts): string {
  const sentences = [`Counted ${counted(total, 'affinity', 'affinities')}.`]
  const unlisted = groupCount - groups.length
  if (unlisted > 0) {
    sentences.push(
      `${counted(unlisted, 'smaller group', 'smaller groups')} with ${counted(others, 'affinity', 'affinities')} are not listed; --limit lists more.`,
    )
  }
  if (ungrouped > 0) {
    const none = Object.hasOwn(DIMENSIONS, by) ? DIMENSIONS[by].none : 'group'
    sentences.push(`${counted(ungrouped, 'affinity has', 'affinities have')} no ${none}.`)
  }
  return sentences.join(' ')
}
