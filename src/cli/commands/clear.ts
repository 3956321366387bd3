import type { Command } from 'commander'
import type { AffinitiesArguments, AffinityqlClient } from '../../client/index.js'
import { addFilterOptions, filterOf, whenNone } from '../affinity-filter.js'
import { type Cli, clientOf } from '../command.js'
import { addClearOptions, type Clear, type ClearResult, clear } from '../confirm-clear.js'
import { CommandError, EXIT } from '../exit-codes.js'
import { table } from '../format.js'
import type { Terminal } from '../terminal.js'
import { AFFINITY_COLUMNS } from './affinities.js'

const SAMPLE = 5
/** It goes to stderr, whose colours are not stdout's to decide. */
const PLAIN: Pick<Terminal, 'style'> = { style: (_style, text) => text }

export function addClears(program: Command, cli: Cli): void {
  const clears = program
    .command('clear')
    .description('clear affinities or cached models; shows first what would go')
  const add = (name: string, description: string) =>
    addClearOptions(clears.command(name).description(description))
  const run = <Result extends ClearResult>(
    command: Command,
    make: (client: AffinityqlClient) => Clear<Result>,
  ) => clear(cli, command, make(clientOf(cli, command)))

  add('user <identifier>', 'affinities of a user (id, username or email) or of an API key (id)').action(
    (identifier: string, _options, command: Command) =>
      run(command, (client) => ({
        run: (dryRun) => client.clearUserCache({ identifier, dryRun }),
        sample: () => sample(cli, client, { search: identifier }),
      })),
  )

  add(
    'affinity <api-key> <format> <model> <endpoint>',
    'one affinity, while it is pinned to that endpoint',
  ).action(
    (
      affinityKey: string,
      apiFormat: string,
      modelId: string,
      endpointId: string,
      _options,
      command: Command,
    ) =>
      run(command, (client) => ({
        run: (dryRun) => client.clearSingleAffinity({ affinityKey, apiFormat, modelId, endpointId, dryRun }),
        sample: () => sample(cli, client, { filter: { affinityKey, apiFormat, modelId, endpointId } }),
      })),
  )

  add('provider <id>', 'affinities pinned to a provider').action(
    (providerId: string, _options, command: Command) =>
      run(command, (client) => ({
        run: (dryRun) => client.clearProviderCache({ providerId, dryRun }),
        sample: () => sample(cli, client, { filter: { providerId } }),
        whenNone: whenNone({ providerId }),
      })),
  )

  addFilterOptions(add('filter', 'affinities that the options name; at least one is needed')).action(
    (_options, command: Command) => {
      const filter = filterOf(command)
      if (!filter) {
        throw new CommandError(
          'A filter without an option would mean everything: name some, or use `clear all`.',
          EXIT.usage,
        )
      }
      return run(command, (client) => ({
        run: (dryRun) => client.clearAffinities({ filter, dryRun }),
        sample: () => sample(cli, client, { filter }),
        whenNone: whenNone(filter),
      }))
    },
  )

  add('all', 'every affinity of every user').action((_options, command: Command) =>
    run(command, (client) => ({
      word: 'all',
      run: (dryRun) => client.clearAllCache({ confirm: !dryRun, dryRun }),
      sample: () => sample(cli, client, {}),
    })),
  )

  add('mappings', 'every cached model and name of a model').action((_options, command: Command) =>
    run(command, (client) => ({
      word: 'mappings',
      run: (dryRun) => client.clearAllModelMappingCache({ confirm: !dryRun, dryRun }),
      sample: keysSample,
    })),
  )

  add('mapping <name>', 'what one name resolves to, and the global model of that name').action(
    (modelName: string, _options, command: Command) =>
      run(command, (client) => ({
        run: (dryRun) => client.clearModelMappingCacheByName({ modelName, dryRun }),
        sample: keysSample,
      })),
  )

  add('provider-mapping <provider> <global-model>', 'how one provider serves one global model').action(
    (providerId: string, globalModelId: string, _options, command: Command) =>
      run(command, (client) => ({
        run: (dryRun) => client.clearProviderModelMappingCache({ providerId, globalModelId, dryRun }),
        sample: keysSample,
      })),
  )
}

async function sample(cli: Cli, client: AffinityqlClient, args: AffinitiesArguments): Promise<string> {
  const { nodes } = await client.affinityNames({ ...args, first: SAMPLE }, { signal: cli.signal })
  return table(AFFINITY_COLUMNS, nodes, PLAIN)
}

const keysSample = async (dryRun: object): Promise<string> => {
  const keys: unknown = Reflect.get(dryRun, 'deletedKeys')
  return Array.isArray(keys)
    ? keys
        .slice(0, SAMPLE)
        .map((key) => `  ${key}\n`)
        .join('')
    : ''
}
