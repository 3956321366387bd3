import { type Command, InvalidArgumentError, Option } from 'commander'
import type { AffinityEvent, AffinityEventType } from '../../client/index.js'
import { whyOf } from '../affinity-columns.js'
import { addFilterOptions, filterOf } from '../affinity-filter.js'
import { type Cli, clientOf, formatOf } from '../command.js'
import { connectionNotes } from '../connection-notes.js'
import { cell } from '../format.js'
import { json } from '../lists.js'
import { tellSchedulingMode } from '../scheduling-mode.js'
import { join, type Printable, plain, printable, type Style } from '../terminal.js'

/** Each type of change has its colour. The type has every one of the API, so that none can be left out. */
const COLOURS: Readonly<Record<AffinityEventType, Style>> = {
  CREATED: 'green',
  REFRESHED: 'dim',
  SWITCHED: 'yellow',
  REMOVED: 'red',
  EXPIRED: 'dim',
  ENTERED: 'green',
  LEFT: 'yellow',
}

const isType = (text: string): text is AffinityEventType => Object.hasOwn(COLOURS, text)

function collectType(text: string, before: readonly AffinityEventType[] = []): readonly AffinityEventType[] {
  if (isType(text)) return [...before, text]
  throw new InvalidArgumentError(`The types are ${Object.keys(COLOURS).join(', ')}.`)
}

export function addWatch(affinities: Command, cli: Cli): void {
  addFilterOptions(
    affinities.command('watch').description('Print every change of an affinity, until Ctrl-C.'),
  )
    .addOption(
      new Option(
        '--type <type>',
        'Print changes of this type alone, such as SWITCHED. Repeat the option for more types. LEFT and ENTERED come under a filter alone.',
      ).argParser(collectType),
    )
    .action((_options, command: Command) => watch(cli, command))
}

async function watch(cli: Cli, command: Command): Promise<void> {
  const { terminal, signal } = cli
  const asJson = formatOf(command) !== 'table'
  const types = command.opts<{ type?: readonly AffinityEventType[] }>().type
  const client = clientOf(cli, command)
  const events = client.affinityEvents(
    { filter: filterOf(command) },
    { signal, ...connectionNotes(terminal, 'It has missed the changes in between.') },
  )
  const print = async () => {
    for await (const event of events) {
      if (types && !types.includes(event.type)) continue
      await terminal.write(plain`${asJson ? json(event) : line(event, cli)}\n`)
    }
  }
  // At the same time: no change is missed while the mode is read.
  await Promise.all([tellSchedulingMode(cli, client), print()])
}

function line(event: AffinityEvent, { terminal }: Cli): Printable {
  const { type, at, affinity } = event
  const { user, affinityKey, apiFormat, modelName, modelId, provider, providerId, usability } = affinity
  const why = whyOf(affinity)
  // A later server may have more types.
  const colour = isType(type) ? COLOURS[type] : 'dim'
  const target = targetOf(
    provider?.displayName ?? providerId,
    affinity.providerKey?.name ?? affinity.providerKeyId,
  )
  const columns = [
    plain`${printable(at.slice(11, 19))}Z`,
    terminal.style(colour, printable(type.padEnd(9))),
    cell(user?.username ?? affinityKey),
    cell(apiFormat),
    cell(modelName ?? modelId),
    plain`→ ${target}${beforeOf(event)}`,
    ...(why === undefined
      ? []
      : [terminal.style('yellow', plain`${printable(usability)}: ${printable(why)}`)]),
  ]
  return join(columns, '  ')
}

const targetOf = (provider: string, providerKey: string): Printable =>
  plain`${cell(provider)} / ${cell(providerKey)}`

/** Names the pin target before the change: the whole of it, also where only the provider key is another one. */
function beforeOf(event: AffinityEvent): Printable {
  const { previousProvider, previousProviderId, previousProviderKey, previousProviderKeyId } = event
  if (previousProviderId === null || previousProviderKeyId === null) return plain``
  const target = targetOf(
    previousProvider?.displayName ?? previousProviderId,
    previousProviderKey?.name ?? previousProviderKeyId,
  )
  return plain` (was ${target})`
}
