/** Why a clear achieves less than it says, or not at once. */
export type ClearWarningCode =
  | 'STILL_ACTIVE'
  | 'PINS_NOT_HONOURED'
  | 'NODES_MISSED'
  | 'NOT_IMMEDIATE'
  | 'NOT_CLEARABLE'
  | 'MAY_RETURN'
  | 'MIRROR_ONLY'
  | 'POOL_SESSIONS_REMAIN'

export interface ClearWarning {
  readonly code: ClearWarningCode
  /** A sentence for a person, which says what to do. */
  readonly message: string
}

/** The most records that a message names. */
const NAMED = 3

const counted = (count: number, one = 'affinity', many = 'affinities'): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : many}`

export interface ClearableName {
  readonly affinityKey: string
  readonly apiFormat: string
  readonly modelId: string
}

const NODES_AND_TOKEN =
  'Set GATEWAY_URLS to the URL of every node, and GATEWAY_TOKEN (or GATEWAY_TOKEN_FILE) to a management token of an administrator'
export const WHAT_TO_SET = `${NODES_AND_TOKEN} with admin:monitoring:read and admin:monitoring:write.`
/** Tokens of Python gateways have no permissions, and are accepted only while a module is on. */
export const WHAT_TO_SET_FOR_PYTHON = `${NODES_AND_TOKEN}, and switch the gateway’s module for management tokens on.`

export const NO_NODES = `This gateway routes by the memory of its processes, and Redis only mirrors it: affinities are cleared through the gateway’s own API. ${WHAT_TO_SET}`

/** What a clear was asked for by name. */
export interface ClearedTarget {
  readonly kind: 'provider' | 'endpoint' | 'provider key' | 'model'
  readonly id: string
  readonly name: string
}

const SWITCHED_OFF: Readonly<Record<ClearedTarget['kind'], string>> = {
  provider: 'the provider',
  endpoint: 'the endpoint',
  'provider key': 'the provider key',
  model: 'the model',
}

/** Names the targets, but only the first of very many. */
function namesOf(targets: readonly ClearedTarget[]): string {
  const names = targets
    .slice(0, NAMED)
    .map(({ kind, id, name }) => `${kind} ${name}${name === id ? '' : ` (${id})`}`)
  const more = targets.length - names.length
  return [...names, ...(more > 0 ? [`${more.toLocaleString('en')} more`] : [])].join(' and ')
}

/** One of several targets that are a pin's parts is enough; several of one kind are each a way back. */
function toSwitchOff(targets: readonly ClearedTarget[]): string {
  const [{ kind } = { kind: 'provider' as const }] = targets
  if (targets.length === 1) return SWITCHED_OFF[kind]
  return new Set(targets.map((target) => target.kind)).size === targets.length ? 'one of them' : 'them'
}

const asBeginning = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1)

/** Text as it stands in a GraphQL document or in JSON. */
const quoted = (text: string): string => JSON.stringify(text)

/** Options of the command line that name what a filter names. */
const POOL_OPTIONS: Readonly<Record<string, string>> = {
  providerId: '--provider',
  providerKeyId: '--provider-key',
}

export const warnings = {
  stillActive: (targets: readonly ClearedTarget[]): ClearWarning => ({
    code: 'STILL_ACTIVE',
    message: `${asBeginning(namesOf(targets))} ${targets.length === 1 ? 'is' : 'are'} still switched on, so users may be pinned there again. To keep them away, switch ${toSwitchOff(targets)} off in the gateway and clear again.`,
  }),
  pinsNotHonoured: (schedulingMode: string | null): ClearWarning => ({
    code: 'PINS_NOT_HONOURED',
    message: `The gateway’s scheduling mode${schedulingMode === null ? '' : ` (${schedulingMode})`} ignores pins: a clear does not change where requests go.`,
  }),
  poolSessionsRemain: (
    count: number,
    named: { readonly providerId?: string; readonly providerKeyId?: string } | undefined,
  ): ClearWarning => {
    const filter = Object.entries(named ?? {}).map(([field, id]) => `${field}: ${quoted(id)}`)
    const options = Object.entries(named ?? {})
      .map(([field, id]) => ` ${POOL_OPTIONS[field] ?? ''} ${quoted(id)}`)
      .join('')
    const how = named ? `(filter: {${filter.join(', ')}})` : ', one provider and provider key at a time'
    return {
      code: 'POOL_SESSIONS_REMAIN',
      message: `${counted(count, 'pool session still leads', 'pool sessions still lead')} there, and a clear of affinities leaves ${count === 1 ? 'it' : 'them'}. Clear ${count === 1 ? 'it' : 'them'} with clearPoolSessions${how}, or with “affinityql pool-sessions clear${options}”.`,
    }
  },
  poolSessionsUnknown: (reason: string): ClearWarning => ({
    code: 'POOL_SESSIONS_REMAIN',
    message: `Pool sessions may still lead there; they could not be counted: ${reason} clearPoolSessions clears them.`,
  }),
  nodesMissed: (
    problems: readonly { readonly url: string; readonly error: string | null }[],
  ): ClearWarning => ({
    code: 'NODES_MISSED',
    message: `${problems.map(({ url, error }) => `${url}: ${error ?? 'it may have been missed'}`).join('; ')}. What these nodes hold in memory may still be used; repeat the clear when they answer.`,
  }),
  noNodes: (): ClearWarning => ({ code: 'NODES_MISSED', message: NO_NODES }),
  notImmediate: (problem?: string): ClearWarning => ({
    code: 'NOT_IMMEDIATE',
    message: `${problem === undefined ? '' : `${problem} `}Sessions that were served twice may keep going there for up to five minutes. To act at once: set CLEAR_AT_ONCE=true with a token that has admin:users:write; or clear everything; or start the gateway with AETHER_GATEWAY_CANDIDATE_PAGE_CACHE_STALE_TTL_MS=1000.`,
  }),
  notClearable: (records: readonly ClearableName[], isLeft: boolean): ClearWarning => {
    const names = records
      .slice(0, NAMED)
      .map(({ affinityKey, apiFormat, modelId }) => `${affinityKey} / ${apiFormat} / ${modelId}`)
    const more = records.length > NAMED ? ` and ${(records.length - NAMED).toLocaleString('en')} more` : ''
    const what = isLeft
      ? 'cannot be cleared alone by any route of the gateway, and stay'
      : 'can be removed from Redis alone, since no route of the gateway can name them: a worker that uses them may write them back'
    return {
      code: 'NOT_CLEARABLE',
      message: `${counted(records.length)} ${what}: ${names.join('; ')}${more}. A clear of the whole API key, of the provider or of everything reaches them.`,
    }
  },
  mayReturn: (count: number, why: string): ClearWarning => ({
    code: 'MAY_RETURN',
    message: `${counted(count)} had been used within the last minute: the gateway’s workers may write them back from memory. ${why}`,
  }),
  mirrorOnly: (): ClearWarning => ({
    code: 'MIRROR_ONLY',
    message:
      'The affinities were chosen by what Redis mirrors, which is one node’s pin for each session: other nodes may have pinned the same session elsewhere. A clear of a provider or of an API key reaches every node’s pins.',
  }),
} as const
