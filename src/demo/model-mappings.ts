import { AETHER_FIGURES } from '../gateway/aether/aether-gateway.js'
import {
  globalModelByIdKey,
  globalModelByNameKey,
  globalModelResolveKey,
  modelByIdKey,
  modelByProviderGlobalKey,
  providerGlobalHitsKey,
  RESOLVED_TO_NOTHING,
} from '../model-mappings/model-cache-key.js'
import type { MemoryKeyspace } from '../redis/memory-keyspace.js'
import { pick, type Random } from './ids.js'
import type { DemoGlobalModel, DemoModel } from './models.js'

const { modelCacheTtlSeconds } = AETHER_FIGURES
/** This share of the requests names a model by a provider's own name for it. */
const ALIAS_SHARE = 0.3

const UNKNOWN_NAMES = ['gpt-6', 'claude-next', 'no/such model', 'llama3:*', '模型/一']
/** Name whose cached value is cut off, as if the gateway had crashed while writing. */
const INVALID_NAME = 'gpt-5-turbo'

export interface ModelMappings {
  /** Caches the entries that the gateway writes for a request that this model row serves. */
  use(model: DemoModel, globalModel: DemoGlobalModel): void
  /** Caches the entry that the gateway writes for a request with an unknown model name. */
  askForUnknown(): void
  /** Caches all unknown names and the invalid entry, as after a few minutes of traffic. */
  begin(): void
}

/**
 * Simulates the gateway's model-mapping caches: a missing entry is written, and a use does not extend its TTL.
 * @param families the second generation writes two of the families alone; names that it does not know leave nothing
 */
export function createModelMappings(
  keyspace: MemoryKeyspace,
  random: Random,
  families: 'all' | 'two' = 'all',
): ModelMappings {
  const remember = (key: string, value: string): void => {
    if (keyspace.type(key) === 'none') keyspace.set(key, value, modelCacheTtlSeconds)
  }
  const countHit = (model: DemoModel): void => {
    const key = providerGlobalHitsKey(model.providerId, model.globalModelId)
    keyspace.set(key, String(Number(keyspace.get(key) ?? 0) + 1), modelCacheTtlSeconds)
  }
  const rememberUnknown = (name: string) => remember(globalModelResolveKey(name), RESOLVED_TO_NOTHING)
  const rememberInvalid = () => remember(globalModelResolveKey(INVALID_NAME), '{"id": "')

  return {
    use(model, globalModel) {
      const globalJson = globalModelJson(globalModel)
      const modelJson = JSON.stringify(modelColumns(model))
      const aliases = model.providerModelMappings ?? []
      const byAlias = aliases.length > 0 && random() < ALIAS_SHARE
      if (families === 'all') {
        remember(globalModelResolveKey(byAlias ? pick(random, aliases).name : globalModel.name), globalJson)
        remember(globalModelByIdKey(globalModel.id), globalJson)
        remember(modelByIdKey(model.id), modelJson)
      }
      remember(globalModelByNameKey(globalModel.name), globalJson)
      remember(modelByProviderGlobalKey(model.providerId, model.globalModelId), modelJson)
      countHit(model)
    },
    askForUnknown() {
      if (families === 'two') return
      if (random() < 1 / (UNKNOWN_NAMES.length + 1)) rememberInvalid()
      else rememberUnknown(pick(random, UNKNOWN_NAMES))
    },
    begin() {
      if (families === 'two') return
      for (const name of UNKNOWN_NAMES) rememberUnknown(name)
      rememberInvalid()
    },
  }
}

const globalModelJson = ({ id, name, displayName, isActive }: DemoGlobalModel): string =>
  JSON.stringify({ id, name, display_name: displayName, is_active: isActive, supported_capabilities: [] })

const modelColumns = (model: DemoModel) => ({
  id: model.id,
  provider_id: model.providerId,
  global_model_id: model.globalModelId,
  provider_model_name: model.providerModelName,
  provider_model_mappings: model.providerModelMappings,
  is_active: true,
})
