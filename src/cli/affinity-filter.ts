import { type Command, Option } from 'commander'
import type { AffinityFilter } from '../client/index.js'

interface FilterOptions {
  readonly user?: string
  readonly apiKey?: string
  readonly provider?: string
  readonly providerKey?: string
  readonly endpoint?: string
  readonly model?: string
  readonly format?: string
  readonly stale?: true
  readonly honoured?: true
}

/** Adds one option for each field of the API's AffinityFilter. */
export function addFilterOptions(command: Command): Command {
  return command
    .option('--user <id>', 'Select affinities of this user’s API keys.')
    .option('--api-key <id>', 'Select affinities of this API key.')
    .option('--provider <id>', 'Select affinities that are pinned to this provider.')
    .option('--provider-key <id>', 'Select affinities that are pinned to this provider key.')
    .option('--endpoint <id>', 'Select affinities that are pinned to this endpoint.')
    .option('--model <id>', 'Select affinities of this model: a global model id, or a raw name.')
    .option('--format <format>', 'Select affinities of this API format, such as CLAUDE.')
    .addOption(
      new Option('--stale', 'Select stale affinities: the scheduler would not use their pins.').conflicts(
        'honoured',
      ),
    )
    .addOption(
      new Option('--honoured', 'Select affinities that are not stale. Not together with --stale.').conflicts(
        'stale',
      ),
    )
}

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i

/**
 * Returns a hint for a filter that matched no affinity and has a name in place of an id. The server cannot tell a name
 * from the id of something that nothing is pinned to, and a person would read "none" as "all is well".
 */
export function noMatchHint(filter: AffinityFilter | undefined): string | undefined {
  const { userId, affinityKey, providerId, providerKeyId, endpointId, modelId, apiFormat } = filter ?? {}
  const ids = [userId, affinityKey, providerId, providerKeyId, endpointId, modelId]
  const hasName =
    ids.some((id) => id && !UUID.test(id)) || (apiFormat && apiFormat !== apiFormat.toUpperCase())
  return hasName
    ? 'A name is not an id, and API formats are in capitals. `affinityql affinities list --search NAME --json` shows ids and API formats.'
    : undefined
}

/** Reads the filter from the options. It returns undefined if no option was given. */
export function filterOf(command: Command): AffinityFilter | undefined {
  const { user, apiKey, provider, providerKey, endpoint, model, format, stale, honoured } =
    command.opts<FilterOptions>()
  const filter: AffinityFilter = {
    ...(user !== undefined && { userId: user }),
    ...(apiKey !== undefined && { affinityKey: apiKey }),
    ...(provider !== undefined && { providerId: provider }),
    ...(providerKey !== undefined && { providerKeyId: providerKey }),
    ...(endpoint !== undefined && { endpointId: endpoint }),
    ...(model !== undefined && { modelId: model }),
    ...(format !== undefined && { apiFormat: format }),
    ...((stale || honoured) && { stale: stale === true }),
  }
  return Object.keys(filter).length > 0 ? filter : undefined
}
