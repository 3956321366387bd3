import { InvalidInputError } from '../errors.js'

/** The three components that identify an affinity. */
export interface AffinityIdentity {
  /** API key id, without colons. */
  readonly affinityKey: string
  /** API format, such as `CLAUDE` or `OPENAI_CLI`, without colons. */
  readonly apiFormat: string
  /** A global model id, or a raw model name; may hold colons (`llama3:8b`). */
  readonly modelId: string
}

export const AFFINITY_PREFIX = 'cache_affinity:'

/** Can these components be told apart again? The gateway's format splits on the first two colons. */
export const isAffinityIdentity = ({ affinityKey, apiFormat }: AffinityIdentity): boolean =>
  !affinityKey.includes(':') && !apiFormat.includes(':')

/**
 * The Redis key of an affinity.
 * @throws InvalidInputError where the API key id or the format holds a colon: such a key would name another record.
 */
export function encodeAffinityKey(identity: AffinityIdentity): string {
  if (!isAffinityIdentity(identity)) {
    const field = identity.affinityKey.includes(':') ? 'affinityKey' : 'apiFormat'
    throw new InvalidInputError(`${field} cannot contain a colon.`, field)
  }
  return `${AFFINITY_PREFIX}${identity.affinityKey}:${identity.apiFormat}:${identity.modelId}`
}

/** The components of an affinity's Redis key; undefined where the key is not of that family. */
export function decodeAffinityKey(key: string): AffinityIdentity | undefined {
  if (!key.startsWith(AFFINITY_PREFIX)) return undefined
  const start = AFFINITY_PREFIX.length
  const first = key.indexOf(':', start)
  const second = first < 0 ? -1 : key.indexOf(':', first + 1)
  if (second < 0) return undefined
  return {
    affinityKey: key.slice(start, first),
    apiFormat: key.slice(first + 1, second),
    modelId: key.slice(second + 1),
  }
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Is the model component of a key the id of a global model? Older records carry a raw name there. */
export const isGlobalModelId = (modelId: string): boolean => UUID.test(modelId)
