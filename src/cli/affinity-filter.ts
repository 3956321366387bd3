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

/** The fields of the API's AffinityFilter. */
export function addFilterOptions(command: Command): Command {
  return command
    .option('--user <id>', 'of this user’s API keys')
    .option('--api-key <id>', 'of this API key')
    .option('--provider <id>', 'pinned to this provider')
    .option('--provider-key <id>', 'pinned to this provider key')
    .option('--endpoint <id>', 'pinned to this endpoint')
    .option('--model <id>', 'for this model: a global model id, or the raw name')
    .option('--format <format>', 'in this API format, such as CLAUDE')
    .addOption(new Option('--stale', 'that can no longer be honoured').conflicts('honoured'))
    .addOption(new Option('--honoured', 'that can still be honoured').conflicts('stale'))
}

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i

/**
 * Why nothing was found, where a filter has what looks like a name: the server cannot tell it from the id of something
 * that nothing is pinned to, and "none" would be read as "all is well".
 */
export function whenNone(filter: AffinityFilter | undefined): string | undefined {
  const { userId, affinityKey, providerId, providerKeyId, endpointId, modelId, apiFormat } = filter ?? {}
  const ids = [userId, affinityKey, providerId, providerKeyId, endpointId, modelId]
  const isSlip =
    ids.some((id) => id && !UUID.test(id)) || (apiFormat && apiFormat !== apiFormat.toUpperCase())
  return isSlip
    ? 'A name is no id, and formats are in capitals: `affinityql affinities list --search NAME --json` shows what records hold.'
    : undefined
}

/** Undefined where no option was given. */
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
