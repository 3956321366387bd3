import { type Command, InvalidArgumentError, Option } from 'commander'
import type { AffinityFamily, AffinityFilter, StaleReason, Usability } from '../client/index.js'
import { CommandError, EXIT } from './exit-codes.js'

interface FilterOptions {
  readonly user?: string
  readonly apiKey?: string
  readonly provider?: string
  readonly providerKey?: string
  readonly endpoint?: string
  readonly model?: string
  readonly format?: string
  readonly globalModel?: string
  readonly family?: AffinityFamily
  readonly clientFamily?: string
  readonly sessionHash?: string
  readonly clientSession?: string
  readonly clientAgent?: string
  readonly clientAccount?: string
  readonly stale?: true
  readonly honoured?: true
  readonly usability?: Usability
  readonly staleReason?: readonly StaleReason[]
  readonly createdBefore?: string
  readonly createdAfter?: string
  readonly expiresBefore?: string
  readonly expiresAfter?: string
  readonly minRequests?: number
  readonly maxRequests?: number
  readonly unusedFor?: number
}

/** Adds one option for each field of the API's AffinityFilter. */
export function addFilterOptions(command: Command): Command {
  return command
    .option('--user <id>', 'Select affinities of this user’s API keys.')
    .option('--api-key <id>', 'Select affinities of this API key.')
    .option('--provider <id>', 'Select affinities that are pinned to this provider.')
    .option('--provider-key <id>', 'Select affinities that are pinned to this provider key.')
    .option('--endpoint <id>', 'Select affinities that are pinned to this endpoint.')
    .option('--model <id>', 'Select affinities of this model in the cache key: a global model id, or a name.')
    .option('--format <format>', 'Select affinities of this API format, such as CLAUDE or openai:chat.')
    .option('--global-model <id>', 'Select affinities of this global model, under its id or a name of it.')
    .addOption(
      new Option('--family <family>', 'Select affinities whose cache keys belong to this family.').choices(
        FAMILIES,
      ),
    )
    .option(
      '--client-family <name>',
      'Select affinities of this kind of client, such as codex or claude_code.',
    )
    .option(
      '--session-hash <hash>',
      'Select affinities of the session with this hash, 64 hexadecimal digits.',
    )
    .option(
      '--client-session <id>',
      'Select affinities of this session, as the client sends it. The server hashes it and keeps it nowhere; a shell may keep it in its history.',
    )
    .option('--created-before <time>', 'Select affinities that were pinned before this time (RFC 3339).')
    .option('--created-after <time>', 'Select affinities that were pinned after this time (RFC 3339).')
    .option('--expires-before <time>', 'Select affinities that Redis removes before this time (RFC 3339).')
    .option('--expires-after <time>', 'Select affinities that Redis removes after this time, or never.')
    .option(
      '--min-requests <count>',
      'Select affinities that have served so many requests, at least.',
      wholeNumber,
    )
    .option(
      '--max-requests <count>',
      'Select affinities that have served so many requests, at most.',
      wholeNumber,
    )
    .option(
      '--unused-for <seconds>',
      'Select affinities that the gateway has not used for so many seconds.',
      wholeNumber,
    )
    .option('--client-agent <agent>', 'The agent of that session. Only with --client-session.')
    .option('--client-account <account>', 'The account of that session. Only with --client-session.')
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
    .addOption(
      new Option(
        '--usability <usability>',
        'Select affinities that the scheduler would use, would use for some requests alone, or would not use. Not together with --stale or --honoured.',
      )
        .choices(USABILITIES)
        .conflicts(['stale', 'honoured']),
    )
    .addOption(
      new Option(
        '--stale-reason <reason>',
        'Select affinities that are stale for this reason, such as CIRCUIT_OPEN. Repeat the option for more reasons: one of them is enough. docs/stale.md has all reasons.',
      )
        .argParser(collectReason)
        .conflicts('honoured'),
    )
}

const USABILITIES: readonly Usability[] = ['USABLE', 'CONDITIONAL', 'STALE']

/** The type has every reason of the API, so that none can be left out. */
const STALE_REASONS: Readonly<Record<StaleReason, true>> = {
  API_KEY_DELETED: true,
  API_KEY_INACTIVE: true,
  API_KEY_EXPIRED: true,
  API_KEY_LOCKED: true,
  USER_DELETED: true,
  USER_INACTIVE: true,
  QUOTA_EXHAUSTED: true,
  PROVIDER_DELETED: true,
  PROVIDER_INACTIVE: true,
  PROVIDER_NOT_ALLOWED: true,
  ENDPOINT_DELETED: true,
  ENDPOINT_INACTIVE: true,
  ENDPOINT_OF_OTHER_PROVIDER: true,
  ENDPOINT_OF_OTHER_FORMAT: true,
  ENDPOINT_NOT_ALLOWED: true,
  PROVIDER_KEY_DELETED: true,
  PROVIDER_KEY_INACTIVE: true,
  PROVIDER_KEY_EXPIRED: true,
  PROVIDER_KEY_MOVED: true,
  PROVIDER_KEY_OF_OTHER_FORMAT: true,
  PROVIDER_KEY_INVALID: true,
  CIRCUIT_OPEN: true,
  CAPABILITY_MISMATCH: true,
  MODEL_DELETED: true,
  MODEL_INACTIVE: true,
  MODEL_NOT_AT_PROVIDER: true,
  MODEL_NOT_ALLOWED: true,
  MODEL_NOT_ON_PROVIDER_KEY: true,
  NAME_TAKEN: true,
  FORMAT_UNKNOWN: true,
  FORMAT_NOT_ALLOWED: true,
  NEVER_READ: true,
  SUPERSEDED: true,
}

const isStaleReason = (text: string): text is StaleReason => Object.hasOwn(STALE_REASONS, text)

function collectReason(text: string, before: readonly StaleReason[] = []): readonly StaleReason[] {
  if (isStaleReason(text)) return [...before, text]
  throw new InvalidArgumentError(`The reasons are ${Object.keys(STALE_REASONS).join(', ')}.`)
}

function wholeNumber(text: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a whole number, 0 or more.')
}

const FAMILIES = ['CACHE_AFFINITY', 'SCHEDULER_AFFINITY', 'SCHEDULER_AFFINITY_V2'] as const

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i

export const isUuid = (text: string): boolean => UUID.test(text)

/**
 * Returns a hint for a filter that matched no affinity and has a name in place of an id. The server cannot tell a name
 * from the id of something that nothing is pinned to, and a person would read "none" as "all is well".
 */
export function noMatchHint(filter: AffinityFilter | undefined): string | undefined {
  const { userId, affinityKey, providerId, providerKeyId, endpointId, modelId, apiFormat } = filter ?? {}
  const ids = [userId, affinityKey, providerId, providerKeyId, endpointId, modelId]
  const hasName = ids.some((id) => id && !isUuid(id)) || (apiFormat && !/^[A-Z_]+$|^[a-z]+:/.test(apiFormat))
  return hasName
    ? 'A name is not an id, and API formats are in capitals, or with a colon. `affinityql affinities list --search NAME --json` shows ids and API formats.'
    : undefined
}

/** Reads the filter from the options. It returns undefined if no option was given. */
export function filterOf(command: Command): AffinityFilter | undefined {
  const options = command.opts<FilterOptions>()
  const { user, apiKey, provider, providerKey, endpoint, model, format } = options
  const { stale, honoured, usability, staleReason } = options
  const { globalModel, family, clientFamily, sessionHash } = options
  const clientSession = clientSessionOf(options)
  const filter: AffinityFilter = {
    ...(user !== undefined && { userId: user }),
    ...(apiKey !== undefined && { affinityKey: apiKey }),
    ...(provider !== undefined && { providerId: provider }),
    ...(providerKey !== undefined && { providerKeyId: providerKey }),
    ...(endpoint !== undefined && { endpointId: endpoint }),
    ...(model !== undefined && { modelId: model }),
    ...(format !== undefined && { apiFormat: format }),
    ...(globalModel !== undefined && { globalModelId: globalModel }),
    ...(family !== undefined && { family }),
    ...(clientFamily !== undefined && { clientFamily }),
    ...(sessionHash !== undefined && { sessionHash }),
    ...(clientSession && { clientSession }),
    ...((stale || honoured) && { stale: stale === true }),
    ...(usability !== undefined && { usability }),
    ...(staleReason && { staleReasons: [...staleReason] }),
    ...(options.createdBefore !== undefined && { createdBefore: options.createdBefore }),
    ...(options.createdAfter !== undefined && { createdAfter: options.createdAfter }),
    ...(options.expiresBefore !== undefined && { expiresBefore: options.expiresBefore }),
    ...(options.expiresAfter !== undefined && { expiresAfter: options.expiresAfter }),
    ...(options.minRequests !== undefined && { requestCountMin: options.minRequests }),
    ...(options.maxRequests !== undefined && { requestCountMax: options.maxRequests }),
    ...(options.unusedFor !== undefined && { unusedForSeconds: options.unusedFor }),
  }
  return Object.keys(filter).length > 0 ? filter : undefined
}

function clientSessionOf({
  clientSession: id,
  clientAgent: agent,
  clientAccount: account,
}: FilterOptions): AffinityFilter['clientSession'] | undefined {
  if (id !== undefined) {
    return { id, ...(agent !== undefined && { agent }), ...(account !== undefined && { account }) }
  }
  if (agent === undefined && account === undefined) return undefined
  throw new CommandError('--client-agent and --client-account need --client-session.', EXIT.usage)
}
