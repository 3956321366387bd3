import type { Logger } from 'pino'
import type { Config } from '../config/load-config.js'
import type { GatewayTraits } from '../gateway/gateway.js'
import { createModelMappingSource, type ModelMappingSource } from '../model-mappings/model-mapping-source.js'
import type { Cache } from '../open-cache.js'

export interface ModelMappingsDeps {
  readonly cache: Pick<Cache, 'modelMappings' | 'createModelFeed'>
  readonly config: Pick<Config, 'affinityIndex'>
  readonly traits: () => GatewayTraits
  readonly logger: Logger
}

/** Opens the gateway's model caches. They are followed from the start if this gateway has any, else from the first read. */
export function openModelMappings({ cache, config, traits, logger }: ModelMappingsDeps): ModelMappingSource {
  const source = createModelMappingSource({
    store: cache.modelMappings,
    createFeed: config.affinityIndex ? cache.createModelFeed : undefined,
    onBroken: (keys) =>
      logger.warn(
        { count: keys.length, keys: keys.slice(0, 10) },
        'cached models cannot be read; they are skipped and left alone',
      ),
    onFault: (error) =>
      logger.error(
        { err: error },
        'the memory of cached models met a fault of this service: requests walk through the cache',
      ),
  })
  if (traits().hasModelMappingCaches) source.follow()
  return source
}
