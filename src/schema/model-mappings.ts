import type { FamilyCounts } from '../model-mappings/cached-models.js'
import type { ResolvedName, UnmappedName } from '../model-mappings/model-mapping-records.js'
import {
  modelMappingStats,
  modelMappings,
  type ProviderModelMapping as ProviderModelMappingShape,
  providerModelMappings,
  providersOfMapping,
  type ModelMappingStats as StatsShape,
  unmappedEntries,
} from '../resolvers/model-mappings.js'
import { builder } from './builder.js'
import { keysetConnection, pageArguments, pageComplexity, selectedNodes } from './connection.js'
import { GlobalModel, Provider } from './entities.js'

const TTL = {
  nullable: true,
  description: 'The entry expires in so many seconds; null if it does not expire.',
} as const

const ModelMappingBreakdown = builder.objectRef<FamilyCounts>('ModelMappingBreakdown').implement({
  description:
    'The breakdown counts the cached entries of each family. Hit counters are not entries, and are not counted.',
  fields: (t) => ({
    modelById: t.exposeInt('modelById', { description: 'So many keys have the form `model:id:{modelId}`.' }),
    modelByProviderGlobal: t.exposeInt('modelByProviderGlobal', {
      description: 'So many keys have the form `model:provider_global:{providerId}:{globalModelId}`.',
    }),
    globalModelById: t.exposeInt('globalModelById', {
      description: 'So many keys have the form `global_model:id:{globalModelId}`.',
    }),
    globalModelByName: t.exposeInt('globalModelByName', {
      description: 'So many keys have the form `global_model:name:{name}`.',
    }),
    globalModelResolve: t.exposeInt('globalModelResolve', {
      description:
        'So many keys have the form `global_model:resolve:{name}`, whether the name leads to a model or not.',
    }),
  }),
})

const ModelMappingStats = builder.objectRef<StatsShape>('ModelMappingStats').implement({
  description: 'The statistics say how many entries the gateway’s model caches hold.',
  fields: (t) => ({
    available: t.exposeBoolean('available', {
      description: 'False while the cache cannot be reached: every figure is 0 then, and says nothing.',
    }),
    message: t.exposeString('message', {
      nullable: true,
      description: 'This says why there are no figures; null if there are.',
    }),
    ttlSeconds: t.exposeInt('ttlSeconds', {
      nullable: true,
      description: 'The gateway keeps an entry for so many seconds; null while the cache cannot be reached.',
    }),
    totalKeys: t.exposeInt('totalKeys', {
      description: 'All families together have this number of entries.',
    }),
    breakdown: t.expose('breakdown', {
      type: ModelMappingBreakdown,
      description: 'This counts the entries of each family.',
    }),
  }),
})

const ModelMapping = builder.objectRef<ResolvedName>('ModelMapping').implement({
  description:
    'A model mapping leads from a name that clients ask for to a global model of another name, as the gateway has cached it. A global model’s own name is no mapping.',
  fields: (t) => ({
    mappingName: t.exposeString('name', { description: 'Clients ask for this name.' }),
    globalModelId: t.id({
      nullable: true,
      description: 'The cached entry holds this value, as it was when it was cached.',
      resolve: ({ globalModel }) => globalModel.id,
    }),
    globalModelName: t.string({
      nullable: true,
      description: 'The cached entry holds this value, as it was when it was cached.',
      resolve: ({ globalModel }) => globalModel.name,
    }),
    globalModelDisplayName: t.string({
      nullable: true,
      description: 'The cached entry holds this value, as it was when it was cached.',
      resolve: ({ globalModel }) => globalModel.displayName,
    }),
    providers: t.field({
      type: [Provider],
      description:
        'These active providers have an active model with this name, as its own or among its mappings, for the global model. They are sorted by `displayName`.',
      complexity: { field: 1, multiplier: 5 },
      resolve: (mapping, _args, context) => providersOfMapping(mapping, context),
    }),
    ttlSeconds: t.exposeInt('ttlSeconds', TTL),
    globalModel: t.field({
      type: GlobalModel,
      nullable: true,
      description: 'This is the global model as it is now; null if its row has been deleted.',
      resolve: ({ globalModel }, _args, { loaders }) => loaders.globalModels.load(globalModel.id),
    }),
  }),
})

const ProviderModelMapping = builder.objectRef<ProviderModelMappingShape>('ProviderModelMapping').implement({
  description:
    'A provider model mapping says what a provider calls a global model, as the gateway has cached it. A provider that calls it only by its own name has no mapping.',
  fields: (t) => ({
    providerId: t.exposeID('providerId', { description: 'The cache key holds this id.' }),
    providerName: t.string({
      description: 'This is the provider’s display name, or its name if it has none.',
      resolve: ({ provider }) => provider.displayName || provider.name,
    }),
    globalModelId: t.exposeID('globalModelId', { description: 'The cache key holds this id.' }),
    globalModelName: t.string({
      description: 'This is the value as it is now, not as it was cached.',
      resolve: ({ globalModel }) => globalModel.name,
    }),
    globalModelDisplayName: t.string({
      nullable: true,
      description: 'This is the value as it is now, not as it was cached.',
      resolve: ({ globalModel }) => globalModel.displayName,
    }),
    providerModelName: t.exposeString('providerModelName', {
      description: 'The gateway sends this name to the provider.',
    }),
    aliases: t.exposeStringList('aliases', {
      description:
        'These are the mapped names of the cached row, by priority. If it has none and only renames the model, this is the global model’s own name.',
    }),
    ttlSeconds: t.exposeInt('ttlSeconds', TTL),
    hitCount: t.exposeInt('hitCount', {
      description: 'The gateway has used the entry so many times; 0 if it keeps no counter.',
    }),
    isActive: t.exposeBoolean('isActive', {
      description:
        'False if the provider or the global model is switched off now, or the model was at that provider when the entry was cached. Such an entry stays in the cache until it expires.',
    }),
    provider: t.expose('provider', {
      type: Provider,
      description: 'This is the value as it is now, not as it was cached.',
    }),
    globalModel: t.expose('globalModel', {
      type: GlobalModel,
      description: 'This is the value as it is now, not as it was cached.',
    }),
  }),
})

const UnmappedStatus = builder.enumType('UnmappedStatus', {
  description: 'A cached name leads to no model for one of these reasons.',
  values: {
    NOT_FOUND: { description: 'No model has this name; the gateway remembers that.' },
    INVALID: { description: 'The cached value is not the JSON of a model.' },
    ERROR: { description: 'The cached value has another Redis type and cannot be read.' },
  } as const,
})

const UnmappedEntry = builder.objectRef<UnmappedName>('UnmappedEntry').implement({
  description: 'An unmapped entry is a cached name that leads to no model.',
  fields: (t) => ({
    mappingName: t.exposeString('name', { description: 'Clients ask for this name.' }),
    status: t.expose('status', {
      type: UnmappedStatus,
      description: 'This says why the name leads to no model.',
    }),
    ttlSeconds: t.exposeInt('ttlSeconds', TTL),
  }),
})

const ModelMappingConnection = keysetConnection('ModelMapping', ModelMapping, 'model mapping')
const ProviderModelMappingConnection = keysetConnection(
  'ProviderModelMapping',
  ProviderModelMapping,
  'provider model mapping',
)
const UnmappedEntryConnection = keysetConnection('UnmappedEntry', UnmappedEntry, 'unmapped entry')

builder.queryFields((t) => ({
  modelMappingStats: t.field({
    type: ModelMappingStats,
    description:
      'This query says how many keys the gateway’s model caches hold. It answers while the cache is down, too.',
    resolve: (_root, _args, context) => modelMappingStats(context),
  }),
  modelMappings: t.field({
    type: ModelMappingConnection,
    description:
      'This query lists every cached name that leads to a global model of another name, sorted by `mappingName`.',
    args: {
      ...pageArguments(t.arg),
      search: t.arg.string({
        description:
          'The text is a part of the mapping’s name, or of the global model’s name, display name or id, whatever its case. It has at most 255 characters.',
      }),
    },
    complexity: pageComplexity,
    resolve: (_root, args, context, info) => modelMappings(args, context, selectedNodes(info)),
  }),
  providerModelMappings: t.field({
    type: ProviderModelMappingConnection,
    description:
      'This query lists every cached name of a provider for a global model, sorted by provider and model name. It lists entries of inactive providers and models as well, and leaves an entry out if the provider or the global model has been deleted.',
    args: {
      ...pageArguments(t.arg),
      search: t.arg.string({
        description:
          'The text is a part of the provider’s display name or name, the global model’s name, the provider’s name for it or an alias, whatever its case. It has at most 255 characters.',
      }),
      providerId: t.arg.id({ description: 'The list keeps the entries of this provider.' }),
      globalModelId: t.arg.id({ description: 'The list keeps the entries of this global model.' }),
    },
    complexity: pageComplexity,
    resolve: (_root, args, context, info) => providerModelMappings(args, context, selectedNodes(info)),
  }),
  unmappedEntries: t.field({
    type: UnmappedEntryConnection,
    description: 'This query lists every cached name that leads to no model, sorted by `mappingName`.',
    args: pageArguments(t.arg),
    complexity: pageComplexity,
    resolve: (_root, args, context) => unmappedEntries(args, context),
  }),
}))
