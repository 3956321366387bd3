import type { Command } from 'commander'
import type { AffinitiesArguments, AffinityqlClient } from '../../client/index.js'
import { AFFINITY_COLUMNS } from '../affinity-columns.js'
import { addFilterOptions, filterOf, noMatchHint } from '../affinity-filter.js'
import { type Cli, clientOf, tableViewOf } from '../command.js'
import { addClearOptions, type Clear, type ClearResult, clear } from '../confirm-clear.js'
import { CommandError, EXIT } from '../exit-codes.js'
import { addFollowOptions } from '../follow-clear.js'
import { preview } from '../format.js'
import { GLOBAL_MODEL, PROVIDER, resolveName, tellUsers } from '../resolve-name.js'
import { join, type Printable, plain, printable } from '../terminal.js'

const SAMPLE = 5

export function addClears(program: Command, cli: Cli): void {
  const clears = program
    .command('clear')
    .description(
      'Clear affinities or model mappings. On a terminal, the command first shows a preview and asks.',
    )
  const add = (name: string, description: string, args: Readonly<Record<string, string>> = {}) => {
    const command = clears.command(name).description(description)
    for (const [argument, meaning] of Object.entries(args)) command.argument(`<${argument}>`, meaning)
    return addClearOptions(command)
  }
  const addFollowed: typeof add = (...args) => addFollowOptions(add(...args))
  const run = async <Result extends ClearResult>(
    command: Command,
    make: (client: AffinityqlClient) => Clear<Result> | Promise<Clear<Result>>,
  ) => {
    const client = clientOf(cli, command)
    return clear(cli, command, { watch: client.clearFollowUp.watch, ...(await make(client)) })
  }

  addFollowed('user', 'Clear the affinities of one user, or of one API key.', {
    identifier: 'The id of an API key, or the id, username or email of a user, exactly.',
  }).action((identifier: string, _options, command: Command) =>
    run(command, (client) => ({
      run: (dryRun) => client.clearUserCache({ identifier, dryRun }),
      sample: () => sample(cli, command, client, { search: identifier }),
      tellCandidates: () => tellUsers(cli, command, client, identifier),
    })),
  )

  addFollowed(
    'affinity',
    'Clear the affinity of one session, or of all, if it is still pinned to this endpoint.',
    {
      'api-key': 'The id of the API key.',
      format: 'The API format, such as CLAUDE or openai:chat.',
      model: 'The model in the cache key: a global model id, or a name.',
      endpoint: 'The id of the endpoint that the affinity is pinned to.',
    },
  )
    .option('--client-family <name>', 'Clear only the affinities of this kind of client.')
    .option('--session-hash <hash>', 'Clear only the affinity of the session with this hash.')
    .action(
      (
        affinityKey: string,
        apiFormat: string,
        modelId: string,
        endpointId: string,
        session: { readonly clientFamily?: string; readonly sessionHash?: string },
        command: Command,
      ) => {
        const { clientFamily, sessionHash } = session
        const named = {
          ...{ affinityKey, apiFormat, modelId, endpointId },
          ...(clientFamily !== undefined && { clientFamily }),
          ...(sessionHash !== undefined && { sessionHash }),
        }
        return run(command, (client) => ({
          run: (dryRun) => client.clearSingleAffinity({ ...named, dryRun }),
          sample: () => sample(cli, command, client, { filter: named }),
        }))
      },
    )

  addFollowed('provider', 'Clear all affinities that are pinned to one provider.', {
    provider: 'The id, name or display name of the provider, exactly.',
  }).action((text: string, _options, command: Command) =>
    run(command, async (client) => {
      const { id: providerId } = await resolveName(cli, command, client, { text, kind: PROVIDER })
      return {
        run: (dryRun) => client.clearProviderCache({ providerId, dryRun }),
        sample: () => sample(cli, command, client, { filter: { providerId } }),
      }
    }),
  )

  addFollowed('model', 'Clear all affinities of one global model, whatever name of it their keys have.', {
    model: 'The id, name or display name of the global model, exactly.',
  }).action((text: string, _options, command: Command) =>
    run(command, async (client) => {
      const { id, isRow } = await resolveName(cli, command, client, { text, kind: GLOBAL_MODEL })
      const filter = isRow ? { globalModelId: id } : { modelId: id }
      return {
        run: (dryRun) => client.clearAffinities({ filter, dryRun }),
        sample: () => sample(cli, command, client, { filter }),
      }
    }),
  )

  addFilterOptions(
    addFollowed(
      'filter',
      'Clear the affinities that all given options select. At least one of them is needed.',
    ),
  ).action((_options, command: Command) => {
    const filter = filterOf(command)
    if (!filter) {
      throw new CommandError(
        'Nothing was cleared: give at least one option that selects affinities, or use `clear all`.',
        EXIT.usage,
      )
    }
    return run(command, (client) => ({
      run: (dryRun) => client.clearAffinities({ filter, dryRun }),
      sample: () => sample(cli, command, client, { filter }),
      noMatchHint: noMatchHint(filter),
    }))
  })

  addFollowed(
    'all',
    'Clear all affinities of all users. A terminal asks for the word `all`, also with --yes.',
  ).action((_options, command: Command) =>
    run(command, (client) => ({
      word: 'all',
      run: (dryRun) => client.clearAllCache({ confirm: !dryRun, dryRun }),
      sample: () => sample(cli, command, client, {}),
    })),
  )

  add('mappings', 'Clear all model caches. A terminal asks for the word `mappings`, also with --yes.').action(
    (_options, command: Command) =>
      run(command, (client) => ({
        word: 'mappings',
        run: (dryRun) => client.clearAllModelMappingCache({ confirm: !dryRun, dryRun }),
        sample: keysSample,
      })),
  )

  add('mapping', 'Clear the model mapping of one name, and the cached global model of that name.', {
    name: 'The name of the model, exactly.',
  }).action((modelName: string, _options, command: Command) =>
    run(command, (client) => ({
      run: (dryRun) => client.clearModelMappingCacheByName({ modelName, dryRun }),
      sample: keysSample,
    })),
  )

  add('provider-mapping', 'Clear the model mapping of one global model at one provider.', {
    provider: 'The id of the provider.',
    'global-model': 'The id of the global model.',
  }).action((providerId: string, globalModelId: string, _options, command: Command) =>
    run(command, (client) => ({
      run: (dryRun) => client.clearProviderModelMappingCache({ providerId, globalModelId, dryRun }),
      sample: keysSample,
    })),
  )
}

async function sample(
  cli: Cli,
  command: Command,
  client: AffinityqlClient,
  args: AffinitiesArguments,
): Promise<Printable> {
  const { nodes } = await client.affinityNames({ ...args, first: SAMPLE }, { signal: cli.signal })
  return preview(AFFINITY_COLUMNS, nodes, tableViewOf(cli, command))
}

const keysSample = async (dryRun: object): Promise<Printable> => {
  const keys: unknown = Reflect.get(dryRun, 'deletedKeys')
  return join(Array.isArray(keys) ? keys.slice(0, SAMPLE).map((key) => plain`  ${printable(key)}\n`) : [])
}
