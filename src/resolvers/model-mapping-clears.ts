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

/** Keys named in an answer; a clear of more names the first of them. */
const MAX_NAMED_KEYS = 1_000
/** Keys named in an audit event. */
const MAX_AUDITED_KEYS = 20

/** The six families of the model caches, hit counters included; nothing else that begins alike. */
export const clearAllModelMappingCache = (
  { confirm, dryRun }: DryRun & { readonly confirm: boolean },
  context: Context,
): Promise<ClearModelMappingPayload> =>
  withAudit(
    context,
    { action: 'model_mapping_cache_clear_all', dryRun, arguments: { confirm } },
    async () => {
      requireConfirmation(confirm, dryRun, 'every cached model and every cached name')
      const keys: string[] = []
      for await (const batch of context.modelMappings.allKeys()) for (const key of batch) keys.push(key)
      return removed(keys, dryRun, context)
    },
  )

/** What a name resolves to: its resolution and the global model under that name. The name is data, never a pattern. */
export const clearModelMappingCacheByName = (
  { modelName, dryRun }: DryRun & { readonly modelName: string },
  context: Context,
): Promise<ClearModelMappingPayload> =>
  withAudit(
    context,
    { action: 'model_mapping_cache_clear_by_name', dryRun, arguments: { modelName } },
    async () => {
      requireText(modelName, 'modelName')
      const name = modelName.trim()
      const keys = [globalModelResolveKey(name), globalModelByNameKey(name)]
      return removed(await context.modelMappings.existing(keys), dryRun, context)
    },
  )

/** How a provider serves a global model, and its hit counter. */
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
      return removed(await context.modelMappings.existing(keys), dryRun, context)
    },
  )

/** Removes keys that are there, or only tells which they are. */
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
