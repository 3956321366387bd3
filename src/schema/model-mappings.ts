import type { ResolvedName, UnmappedName } from '../model-mappings/model-mapping-records.js'
import type { FamilyCounts } from '../model-mappings/model-mapping-store.js'
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
import { keysetConnection } from './connection.js'
import { GlobalModel } from './global-model.js'
import { pageArguments, pageComplexity } from './paging.js'
import { Provider } from './provider.js'
import { selectedNodes } from './selected.js'

const TTL = {
  nullable: true,
  description: 'Seconds until the entry expires; null where it does not.',
} as const

const ModelMappingBreakdown = builder.objectRef<FamilyCounts>('ModelMappingBreakdown').implement({
  description: 'Keys of each family. Hit counters are not entries and not counted.',
  fields: (t) => ({
    modelById: t.exposeInt('modelById', { description: '`model:id:{modelId}`' }),
    modelByProviderGlobal: t.exposeInt('modelByProviderGlobal', {
      description: '`model:provider_global:{providerId}:{globalModelId}`',
    }),
    globalModelById: t.exposeInt('globalModelById', { description: '`global_model:id:{globalModelId}`' }),
    globalModelByName: t.exposeInt('globalModelByName', { description: '`global_model:name:{name}`' }),
    globalModelResolve: t.exposeInt('globalModelResolve', {
      description: '`global_model:resolve:{name}`, whether the name leads to a model or not.',
    }),
  }),
})

const ModelMappingStats = builder.objectRef<StatsShape>('ModelMappingStats').implement({
  description: 'How much the gateway has cached of models.',
  fields: (t) => ({
    available: t.exposeBoolean('available', {
      description: 'False while the cache cannot be reached: then every figure is 0 and says nothing.',
    }),
    message: t.exposeString('message', {
      nullable: true,
      description: 'Why there are no figures; null where there are.',
    }),
    ttlSeconds: t.exposeInt('ttlSeconds', {
      nullable: true,
      description: 'How long the gateway keeps an entry, in seconds; null while the cache cannot be reached.',
    }),
    totalKeys: t.exposeInt('totalKeys', { description: 'The sum of the breakdown.' }),
    breakdown: t.expose('breakdown', { type: ModelMappingBreakdown, description: 'Keys of each family.' }),
  }),
})

const ModelMapping = builder.objectRef<ResolvedName>('ModelMapping').implement({
  description:
    'A name that clients ask for, and the global model of another name that the gateway resolved it to. A name that is the model’s own is no mapping.',
  fields: (t) => ({
    mappingName: t.exposeString('name', { description: 'The name that clients ask for.' }),
    globalModelId: t.id({
      nullable: true,
      description: 'As it was when it was cached.',
      resolve: ({ globalModel }) => globalModel.id,
    }),
    globalModelName: t.string({
      nullable: true,
      description: 'As it was when it was cached.',
      resolve: ({ globalModel }) => globalModel.name,
    }),
    globalModelDisplayName: t.string({
      nullable: true,
      description: 'As it was when it was cached.',
      resolve: ({ globalModel }) => globalModel.displayName,
    }),
    providers: t.field({
      type: [Provider],
      description:
        'Active providers configured with this name for this model, as its name or one of its mappings, by displayName.',
      complexity: { field: 1, multiplier: 5 },
      resolve: (mapping, _args, context) => providersOfMapping(mapping, context),
    }),
    ttlSeconds: t.exposeInt('ttlSeconds', TTL),
    globalModel: t.field({
      type: GlobalModel,
      nullable: true,
      description: 'As it is now. Null where the row has been deleted.',
      resolve: ({ globalModel }, _args, { loaders }) => loaders.globalModels.load(globalModel.id),
    }),
  }),
})

const ProviderModelMapping = builder.objectRef<ProviderModelMappingShape>('ProviderModelMapping').implement({
  description:
    'What a provider calls a global model, as the gateway has cached it. One that calls it by its own name and by no other is no mapping.',
  fields: (t) => ({
    providerId: t.exposeID('providerId', { description: 'From the cache key.' }),
    providerName: t.string({
      description: 'The provider’s name, as it is now.',
      resolve: ({ provider }) => provider.name,
    }),
    globalModelId: t.exposeID('globalModelId', { description: 'From the cache key.' }),
    globalModelName: t.string({
      description: 'As it is now.',
      resolve: ({ globalModel }) => globalModel.name,
    }),
    globalModelDisplayName: t.string({
      nullable: true,
      description: 'As it is now.',
      resolve: ({ globalModel }) => globalModel.displayName,
    }),
    providerModelName: t.exposeString('providerModelName', {
      description: 'The name that the provider is sent.',
    }),
    aliases: t.exposeStringList('aliases', { description: 'Further names for it, by priority.' }),
    ttlSeconds: t.exposeInt('ttlSeconds', TTL),
    hitCount: t.exposeInt('hitCount', {
      description: 'How often the gateway has used the entry; 0 where it keeps no counter.',
    }),
    provider: t.expose('provider', { type: Provider, description: 'As it is now.' }),
    globalModel: t.expose('globalModel', { type: GlobalModel, description: 'As it is now.' }),
  }),
})

const UnmappedStatus = builder.enumType('UnmappedStatus', {
  description: 'Why a cached name leads to no model.',
  values: {
    NOT_FOUND: { description: 'No model has this name; the gateway remembers that.' },
    INVALID: { description: 'What is cached is not the JSON of a model.' },
    ERROR: { description: 'What is cached is of another Redis type and cannot be read.' },
  } as const,
})

const UnmappedEntry = builder.objectRef<UnmappedName>('UnmappedEntry').implement({
  description: 'A cached name that leads to no model.',
  fields: (t) => ({
    mappingName: t.exposeString('name', { description: 'The name that clients ask for.' }),
    status: t.expose('status', { type: UnmappedStatus, description: 'Why it leads to none.' }),
    ttlSeconds: t.exposeInt('ttlSeconds', TTL),
  }),
})

const ModelMappingConnection = keysetConnection('ModelMapping', ModelMapping, 'model mappings')
const ProviderModelMappingConnection = keysetConnection(
  'ProviderModelMapping',
  ProviderModelMapping,
  'provider model mappings',
)
const UnmappedEntryConnection = keysetConnection('UnmappedEntry', UnmappedEntry, 'unmapped entries')

builder.queryFields((t) => ({
  modelMappingStats: t.field({
    type: ModelMappingStats,
    description: 'How many keys the gateway’s model caches hold. Answers while the cache is down, too.',
    resolve: (_root, _args, context) => modelMappingStats(context),
  }),
  modelMappings: t.field({
    type: ModelMappingConnection,
    description: 'Every cached name that leads to a global model of another name, by mappingName.',
    args: {
      ...pageArguments(t.arg),
      search: t.arg.string({
        description:
          'Part of the mapping’s name, or of the global model’s name, display name or id, whatever its case. At most 255 characters.',
      }),
    },
    complexity: pageComplexity,
    resolve: (_root, args, context, info) => modelMappings(args, context, selectedNodes(info)),
  }),
  providerModelMappings: t.field({
    type: ProviderModelMappingConnection,
    description:
      'Every cached name of a provider for a global model, by provider and model name. Where the provider or the global model has been deleted, the entry is left out.',
    args: {
      ...pageArguments(t.arg),
      search: t.arg.string({
        description:
          'Part of the provider’s name, the global model’s name, the provider’s name for it or an alias, whatever its case. At most 255 characters.',
      }),
      providerId: t.arg.id({ description: 'Only entries of this provider.' }),
      globalModelId: t.arg.id({ description: 'Only entries of this global model.' }),
    },
    complexity: pageComplexity,
    resolve: (_root, args, context) => providerModelMappings(args, context),
  }),
  unmappedEntries: t.field({
    type: UnmappedEntryConnection,
    description: 'Every cached name that leads to no model, by mappingName.',
    args: pageArguments(t.arg),
    complexity: pageComplexity,
    resolve: (_root, args, context) => unmappedEntries(args, context),
  }),
}))
