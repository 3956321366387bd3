import {
  type CacheConfig as CacheConfigShape,
  type ConfigParameter as ConfigParameterShape,
  cacheConfig,
  type DynamicReservationConfig as DynamicReservationShape,
} from '../resolvers/cache-config.js'
import { builder } from './builder.js'

export const DynamicReservationConfig = builder
  .objectRef<DynamicReservationShape>('DynamicReservationConfig')
  .implement({
    description:
      'How much of a provider key’s capacity the gateway keeps free for pinned requests. Shares are 0 to 1.',
    fields: (t) => ({
      probePhaseRequests: t.exposeInt('probePhaseRequests', {
        description: 'Requests to a provider key until its probe phase ends.',
      }),
      probeReservation: t.exposeFloat('probeReservation', {
        description: 'Share kept during the probe phase.',
      }),
      stableMinReservation: t.exposeFloat('stableMinReservation', {
        description: 'Share kept after it while the load is low.',
      }),
      stableMaxReservation: t.exposeFloat('stableMaxReservation', {
        description: 'Share kept after it while the load is high.',
      }),
      lowLoadThreshold: t.exposeFloat('lowLoadThreshold', {
        description: 'Share of the capacity in use below which the load is low.',
      }),
      highLoadThreshold: t.exposeFloat('highLoadThreshold', {
        description: 'Share of the capacity in use above which the load is high.',
      }),
    }),
  })

const ConfigParameter = builder.objectRef<ConfigParameterShape>('ConfigParameter').implement({
  description: 'One value of the configuration, with its meaning.',
  fields: (t) => ({
    name: t.exposeString('name', {
      description: 'The field’s path in CacheConfig, such as `dynamicReservation.probeReservation`.',
    }),
    value: t.exposeFloat('value', { description: 'As in that field.' }),
    description: t.exposeString('description', { description: 'Plain English, with unit and range.' }),
  }),
})

const CacheConfig = builder.objectRef<CacheConfigShape>('CacheConfig').implement({
  description: 'How the gateway’s cache affinity is set up.',
  fields: (t) => ({
    cacheTtlSeconds: t.exposeInt('cacheTtlSeconds', {
      description:
        'Seconds that an affinity lasts after its last use where its provider key sets no other time.',
    }),
    cacheReservationRatio: t.exposeFloat('cacheReservationRatio', {
      description: 'Share of a provider key’s capacity kept for pinned requests, 0 to 1.',
    }),
    dynamicReservation: t.expose('dynamicReservation', {
      type: DynamicReservationConfig,
      description: 'How that share follows the load.',
    }),
    parameters: t.expose('parameters', {
      type: [ConfigParameter],
      description: 'Every value above with what it means.',
    }),
  }),
})

builder.queryField('cacheConfig', (t) =>
  t.field({
    type: CacheConfig,
    description: 'How the gateway’s cache affinity is set up.',
    resolve: (_root, _args, context) => cacheConfig(context),
  }),
)
