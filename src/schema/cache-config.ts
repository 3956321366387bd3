import type { DynamicReservation } from '../gateway/gateway.js'
import {
  type CacheConfig as CacheConfigShape,
  type ConfigParameter as ConfigParameterShape,
  cacheConfig,
} from '../resolvers/cache.js'
import { builder } from './builder.js'

export const DynamicReservationConfig = builder
  .objectRef<DynamicReservation>('DynamicReservationConfig')
  .implement({
    description:
      'The gateway keeps a share of a provider key’s capacity free for pinned requests. All shares are 0 to 1.',
    fields: (t) => ({
      probePhaseRequests: t.exposeInt('probePhaseRequests', {
        description: 'The probe phase of a provider key ends after this number of requests.',
      }),
      probeReservation: t.exposeFloat('probeReservation', {
        description: 'The gateway keeps this share during the probe phase.',
      }),
      stableMinReservation: t.exposeFloat('stableMinReservation', {
        description: 'The gateway keeps this share after the probe phase while the load is low.',
      }),
      stableMaxReservation: t.exposeFloat('stableMaxReservation', {
        description: 'The gateway keeps this share after the probe phase while the load is high.',
      }),
      lowLoadThreshold: t.exposeFloat('lowLoadThreshold', {
        description: 'The load is low if less than this share of the capacity is in use.',
      }),
      highLoadThreshold: t.exposeFloat('highLoadThreshold', {
        description: 'The load is high if more than this share of the capacity is in use.',
      }),
    }),
  })

const ConfigParameter = builder.objectRef<ConfigParameterShape>('ConfigParameter').implement({
  description: 'This is one value of the configuration with its meaning.',
  fields: (t) => ({
    name: t.exposeString('name', {
      description:
        'This is the field’s path in `CacheConfig`, such as `dynamicReservation.probeReservation`.',
    }),
    value: t.exposeFloat('value', { description: 'The field has this value.' }),
    description: t.exposeString('description', {
      description: 'This explains the value in plain English, with its unit and range.',
    }),
  }),
})

const CacheConfig = builder.objectRef<CacheConfigShape>('CacheConfig').implement({
  description: 'This is the configuration of the gateway’s cache affinity.',
  fields: (t) => ({
    cacheTtlSeconds: t.exposeInt('cacheTtlSeconds', {
      description:
        'An affinity lasts for so many seconds after its last use, unless its provider key sets another time.',
    }),
    cacheReservationRatio: t.exposeFloat('cacheReservationRatio', {
      nullable: true,
      description:
        'The gateway keeps this share of a provider key’s capacity for pinned requests, 0 to 1; null where the gateway has no reservation.',
    }),
    dynamicReservation: t.expose('dynamicReservation', {
      type: DynamicReservationConfig,
      description:
        'This says how that share follows the load. If the gateway has no reservation, these are the figures of those that have one.',
    }),
    parameters: t.expose('parameters', {
      type: [ConfigParameter],
      description: 'These are all values above that the gateway goes by, each with its meaning.',
    }),
  }),
})

builder.queryField('cacheConfig', (t) =>
  t.field({
    type: CacheConfig,
    description: 'This is the configuration of the gateway’s cache affinity.',
    resolve: (_root, _args, context) => cacheConfig(context),
  }),
)
