import type { KeyFamilyCount as KeyFamilyCountShape } from '../affinities/family-counts.js'
import type { MissingField as MissingFieldShape } from '../gateway/gateway.js'
import { schedulingMode } from '../resolvers/cache.js'
import { clearProblem, type KnownGateway, knownGateway, pinsAreHonoured } from '../resolvers/gateway.js'
import { keyFamilyCounts } from '../resolvers/key-families.js'
import { builder } from './builder.js'
import { GatewayNode } from './gateway-node.js'

const GatewayGeneration = builder.enumType('GatewayGeneration', {
  description: 'The generation says what decides routing, and what provider keys belong to.',
  values: {
    ENDPOINT_KEYS: { description: 'Provider keys belong to endpoints: Python gateways up to 0.2.' },
    PROVIDER_KEYS: { description: 'Provider keys belong to providers: Python gateways from 0.3 to 0.6.' },
    PROCESS_MEMORY: {
      description:
        'Each gateway process decides by its own memory, and Redis only mirrors it: Rust gateways from 0.7.',
    },
  } as const,
})

const ClearPath = builder.enumType('ClearPath', {
  description: 'The path says how affinities are cleared.',
  values: {
    REDIS: { description: 'Records are removed from Redis alone.' },
    GATEWAY_API: {
      description: 'The gateway’s own API is asked first, then records are removed from Redis.',
    },
    NONE: { description: 'Affinities cannot be cleared: `clearProblem` says what to set.' },
  } as const,
})

const MissingField = builder.objectRef<MissingFieldShape>('MissingField').implement({
  description: 'A missing field is a field of this API that the gateway’s tables cannot fill.',
  fields: (t) => ({
    field: t.exposeString('field', { description: 'The field is null, or has its default.' }),
    needs: t.exposeString('needs', { description: 'These columns of the database would fill the field.' }),
  }),
})

const KeyFamilyCount = builder.objectRef<KeyFamilyCountShape>('KeyFamilyCount').implement({
  description: 'A family is the Redis keys that hold affinities in one format.',
  fields: (t) => ({
    prefix: t.exposeString('prefix', { description: 'Each key of the family begins with this text.' }),
    understood: t.exposeBoolean('understood', {
      description: 'False if the keys look like affinities and nobody here reads or clears them.',
    }),
    records: t.exposeInt('records', { description: 'So many records of the family were found, 0 or more.' }),
  }),
})

const Gateway = builder.objectRef<KnownGateway>('Gateway').implement({
  description: 'The gateway is the one whose database and Redis this service reads.',
  fields: (t) => ({
    generation: t.expose('generation', {
      type: GatewayGeneration,
      description: 'The tables tell the generation, looked at again each minute.',
    }),
    keyPrefix: t.exposeString('keyPrefix', {
      nullable: true,
      description: 'Each of the gateway’s keys in Redis begins with this prefix; null if there is none.',
    }),
    redisDecidesRouting: t.exposeBoolean('redisDecidesRouting', {
      description: 'False if Redis only mirrors what gateway processes hold in memory.',
    }),
    clearPath: t.expose('clearPath', { type: ClearPath, description: 'Affinities are cleared in this way.' }),
    clearProblem: t.string({
      nullable: true,
      description: 'This says why clears are refused or incomplete, and what to set; null if they are not.',
      resolve: (gateway, _args, context) => clearProblem(gateway, context),
    }),
    hasUnlistedRecords: t.exposeBoolean('hasUnlistedRecords', {
      nullable: true,
      description:
        'True if records are being written that no node of GATEWAY_URLS lists, so that a node may be missing there; null if that is not known. Only where each process decides by its own memory can it be told.',
    }),
    schedulingMode: t.string({
      nullable: true,
      description:
        'The scheduling mode is cache_affinity, fixed_order or load_balance; where groups of users have different ones, the default group’s; null if it cannot be read.',
      resolve: (_gateway, _args, context) => schedulingMode(context),
    }),
    pinsAreHonoured: t.boolean({
      nullable: true,
      description:
        'False if the scheduling mode ignores pins, for every group of users; null if it cannot be read.',
      resolve: (_gateway, _args, context) => pinsAreHonoured(context),
    }),
    clearsAtOnce: t.exposeBoolean('clearsAtOnce', {
      description: 'True if a clear acts at once, also on recent sessions.',
    }),
    hasModelMappingCaches: t.exposeBoolean('hasModelMappingCaches', {
      description: 'True if the gateway caches models in Redis.',
    }),
    hasPoolSessions: t.exposeBoolean('hasPoolSessions', {
      description: 'True if the gateway keeps sessions of pools of provider keys in Redis.',
    }),
    nodes: t.expose('nodes', {
      type: [GatewayNode],
      description: 'These are the nodes of GATEWAY_URLS, in its order.',
    }),
    missing: t.expose('missing', {
      type: [MissingField],
      description: 'The gateway’s tables cannot fill these fields of this API.',
    }),
    families: t.field({
      type: [KeyFamilyCount],
      description:
        'These families of keys have records, or look as if they had. A search for keys under other prefixes runs at most every ten minutes.',
      resolve: (_gateway, _args, context) => keyFamilyCounts(context),
    }),
  }),
})

builder.queryField('gateway', (t) =>
  t.field({
    type: Gateway,
    description: 'This query says what kind of gateway this service stands beside, and what works there.',
    resolve: (_root, _args, context) => knownGateway(context),
  }),
)
