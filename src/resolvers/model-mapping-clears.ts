import type { Context } from '../context.js'
import { InvalidInputError } from '../errors.js'
import {
  globalModelByNameKey,
  globalModelResolveKey,
  modelByProviderGlobalKey,
  providerGlobalHitsKey,
} from '../model-mappings/model-cache-key.js'
import { requireConfirmation, requireText } from './clears.js'
import { type Cleared, type ClearPayload, withAudit } from './with-audit.js'

interface DryRun {
  readonly dryRun: boolean
}

export type ClearModelMappingPayload = ClearPayload & { deletedKeys: readonly string[] }

/** Largest number of keys that an answer names. */
const MAX_NAMED_KEYS = 1_000
/** Largest number of keys that an audit event names. */
const MAX_AUDITED_KEYS = 20

/** Clears the six families of the model caches, hit counters included, but no other keys with a similar prefix. */
export const clearAllModelMappingCache = (
  { confirm, dryRun }: DryRun & { readonly confirm: boolean },
  context: Context,
): Promise<ClearModelMappingPayload> =>
  withAudit(
    context,
    { action: 'model_mapping_cache_clear_all', dryRun, arguments: { confirm } },
    async () => {
      requireConfirmation(confirm, dryRun, 'every cached model and every cached name')
      // The keys that go are among those that the scan looks at.
      await context.payForRead(context.scannedKeys() || context.affinitySizes.records)
      const keys: string[] = []
      for await (const batch of context.modelMappings.allKeys()) for (const key of batch) keys.push(key)
      return removed(keys, dryRun, context)
    },
  )

/**
 * Clears what a name resolves to, and the cached global model of this name. The name is never used as a pattern. Blanks around
 * it count if a cached name has them; otherwise they are taken for a slip of the hand.
 */
export const clearModelMappingCacheByName = (
  { modelName, dryRun }: DryRun & { readonly modelName: string },
  context: Context,
): Promise<ClearModelMappingPayload> =>
  withAudit(
    context,
    { action: 'model_mapping_cache_clear_by_name', dryRun, arguments: { modelName } },
    async () => {
      requireText(modelName, 'modelName')
      const exact = await existing(keysOfName(modelName), context)
      const keys = exact.length > 0 ? exact : await existing(keysOfName(modelName.trim()), context)
      return removed(keys, dryRun, context)
    },
  )

/** Clears the cached entry of how a provider serves a global model, with its hit counter. */
export const clearProviderModelMappingCache = (
  {
    providerId,
    globalModelId,
    dryRun,
  }: DryRun & { readonly providerId: string; readonly globalModelId: string },
  context: Context,
): Promise<ClearModelMappingPayload> =>
  withAudit(
    context,
    { action: 'provider_model_mapping_cache_clear', dryRun, arguments: { providerId, globalModelId } },
    async () => {
      for (const [field, value] of Object.entries({ providerId, globalModelId })) {
        requireText(value, field)
        if (value.includes(':')) throw new InvalidInputError(`${field} cannot contain a colon.`, field)
      }
      const keys = [
        modelByProviderGlobalKey(providerId, globalModelId),
        providerGlobalHitsKey(providerId, globalModelId),
      ]
      return removed(await existing(keys, context), dryRun, context)
    },
  )

const keysOfName = (name: string): string[] => [globalModelResolveKey(name), globalModelByNameKey(name)]

/** Returns those of these keys that exist, as Redis has them. */
const existing = (keys: readonly string[], { modelMappings }: Context): Promise<readonly string[]> =>
  modelMappings.existing(keys.map((key) => modelMappings.keyPrefix + key))

/** Removes the keys that exist and returns them; a dry run only returns them. */
async function removed(
  keys: readonly string[],
  dryRun: boolean,
  context: Context,
): Promise<Cleared<{ readonly deletedKeys: readonly string[] }>> {
  const gone = dryRun ? keys : await context.modelMappings.remove(keys)
  const deletedKeys = gone.slice(0, MAX_NAMED_KEYS)
  return {
    clearedCount: gone.length,
    what: 'modelEntry',
    extra: { deletedKeys },
    result: { deletedKeys: deletedKeys.slice(0, MAX_AUDITED_KEYS) },
  }
}
