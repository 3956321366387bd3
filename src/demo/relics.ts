/** Records that the demo's traffic does not use: stale pins, records of older gateways, and a broken value. */

import type { AffinityIdentity, PinTarget } from '../affinities/affinity-record.js'
import { cacheAffinity } from '../affinities/families/cache-affinity.js'
import type { MemoryKeyspace } from '../redis/memory-keyspace.js'
import { demoId } from './ids.js'
import { DEMO_GLOBAL_MODELS, INACTIVE_GLOBAL_MODEL } from './models.js'
import { API_KEY_OF_INACTIVE_USER, DEMO_API_KEYS, EXPIRED_API_KEY, INACTIVE_API_KEY } from './people.js'
import type { AffinityRecorder } from './recorder.js'
import { pinOf } from './routes.js'
import {
  CIRCUIT_OPEN_KEY,
  DEMO_PROVIDER_KEYS,
  type DemoProviderKey,
  EXPIRED_PROVIDER_KEY,
  KEY_OF_INACTIVE_PROVIDER,
} from './upstreams.js'

/** TTL that is longer than any demo, so that these records go only if a viewer clears them. */
export const RELIC_TTL_SECONDS = 7 * 86_400
export const RELIC_AGE_SECONDS = 2 * 86_400

interface Relic {
  readonly identity: AffinityIdentity
  readonly pin: PinTarget
}

const idOf = <T extends { id: string; name: string | null }>(rows: readonly T[], name: string): string => {
  const row = rows.find((one) => one.name === name)
  if (!row) throw new RangeError(`The demo has no ${name}.`)
  return row.id
}

const keyNamed = (name: string): DemoProviderKey => {
  const key = DEMO_PROVIDER_KEYS.find((one) => one.name === name)
  if (!key) throw new RangeError(`The demo has no provider key ${name}.`)
  return key
}

const ANTHROPIC_PIN = pinOf(keyNamed('anthropic-main'))
const OPENAI_PIN = pinOf(keyNamed('openai-main'))
const OPENROUTER_PIN = pinOf(keyNamed('openrouter-openai'))
const SONNET = idOf(DEMO_GLOBAL_MODELS, 'claude-sonnet-4-5')
const GPT = idOf(DEMO_GLOBAL_MODELS, 'gpt-5')
const EVALS = idOf(DEMO_API_KEYS, 'nightly evals')

const relic = (affinityKey: string, apiFormat: string, modelId: string, pin: PinTarget): Relic => ({
  identity: { affinityKey, apiFormat, modelId },
  pin,
})

const RELICS: readonly Relic[] = [
  relic(EXPIRED_API_KEY.id, 'CLAUDE', SONNET, ANTHROPIC_PIN),
  relic(INACTIVE_API_KEY.id, 'OPENAI', GPT, OPENAI_PIN),
  relic(API_KEY_OF_INACTIVE_USER.id, 'CLAUDE', SONNET, ANTHROPIC_PIN),
  relic(demoId('api key', 'deleted'), 'OPENAI', GPT, OPENAI_PIN),
  relic(EVALS, 'OPENAI', GPT, pinOf(KEY_OF_INACTIVE_PROVIDER)),
  relic(EVALS, 'OPENAI', INACTIVE_GLOBAL_MODEL.id, pinOf(EXPIRED_PROVIDER_KEY)),
  relic(EVALS, 'CLAUDE', SONNET, pinOf(CIRCUIT_OPEN_KEY)),
  relic(idOf(DEMO_API_KEYS, '客服机器人'), 'CLAUDE', SONNET, {
    ...ANTHROPIC_PIN,
    providerKeyId: demoId('provider key', 'deleted'),
  }),
  relic(idOf(DEMO_API_KEYS, 'batch_100%'), 'OPENAI', demoId('global model', 'deleted'), OPENAI_PIN),
  // Older gateways wrote a model's name instead of its id. These two records are not stale.
  relic(idOf(DEMO_API_KEYS, 'reviewer bot'), 'OPENAI', 'llama3:8b', OPENROUTER_PIN),
  relic(idOf(DEMO_API_KEYS, 'ci'), 'CLAUDE', 'claude-3-opus', ANTHROPIC_PIN),
]

/** Keys that the traffic must not write, so that these records stay unchanged. */
export const RELIC_KEYS: ReadonlySet<string> = new Set(
  RELICS.map(({ identity }) => cacheAffinity.encode(identity)),
)

/**
 * Writes the records.
 * @param recorder recorder whose clock is at the time of their last use
 * @param formatOf the name of a format in the gateway that wrote them
 */
export function writeRelics(
  recorder: AffinityRecorder,
  formatOf: (apiFormat: string) => string = (apiFormat) => apiFormat,
): void {
  for (const { identity, pin } of RELICS) {
    recorder.record({ ...identity, apiFormat: formatOf(identity.apiFormat) }, pin, RELIC_TTL_SECONDS)
  }
}

/** Writes one value that cannot be read, so that the count of broken records is not 0. */
export function writeBrokenValue(keyspace: MemoryKeyspace): void {
  const key = cacheAffinity.encode({ affinityKey: EVALS, apiFormat: 'CLAUDE', modelId: 'cut-short' })
  keyspace.set(key, '{"provider_id": "', RELIC_TTL_SECONDS)
}
