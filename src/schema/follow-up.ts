import type { FollowUp } from '../affinities/follow-up/follow-up.js'
import { notSeenApiKeys } from '../resolvers/follow-up.js'
import { builder, ownField } from './builder.js'
import { ApiKey, Provider } from './entities.js'

const FollowUpProvider = builder.objectRef<FollowUp['byProvider'][number]>('FollowUpProvider').implement({
  description: 'This counts who is pinned to one provider since a clear.',
  fields: (t) => ({
    providerId: t.exposeID('providerId', {
      complexity: ownField,
      description: 'The affinities are pinned to the provider with this id.',
    }),
    provider: t.field({
      type: Provider,
      nullable: true,
      description: 'This is the row that `providerId` names; null if it has been deleted.',
      resolve: ({ providerId }, _args, { loaders }) => loaders.providers.load(providerId),
    }),
    count: t.exposeInt('count', {
      complexity: ownField,
      description: 'So many of the cleared affinities were pinned to it at last.',
    }),
  }),
})

const FIGURES = {
  cleared: 'The clear removed so many affinities that are followed.',
  repinnedElsewhere: 'So many of them were pinned to another provider at last.',
  repinnedSame: 'So many of them were pinned to the same provider again at last.',
  repinnedSameKey: 'So many of `repinnedSame` are at the same provider key.',
  notSeenSince: 'So many of them have not been pinned anywhere since.',
} as const

/** Providers for which the price of a follow-up has room. */
const USUAL_PROVIDERS = 10

export const ClearFollowUp = builder.objectRef<FollowUp>('ClearFollowUp').implement({
  description:
    'A follow-up tells of the affinities that a clear removed where each was pinned last since then, as the instance that cleared saw it. What a gateway writes back from memory counts once it has stayed until the end of the guard window (CLEAR_GUARD_SECONDS).',
  fields: (t) => {
    const figure = (name: keyof typeof FIGURES) =>
      t.exposeInt(name, { complexity: ownField, description: FIGURES[name] })
    return {
      cleared: figure('cleared'),
      repinnedElsewhere: figure('repinnedElsewhere'),
      repinnedSame: figure('repinnedSame'),
      repinnedSameKey: figure('repinnedSameKey'),
      notSeenSince: figure('notSeenSince'),
      since: t.expose('since', {
        complexity: ownField,
        type: 'DateTime',
        description: 'The clear began at this time.',
      }),
      watchedUntil: t.expose('watchedUntil', {
        complexity: ownField,
        type: 'DateTime',
        description: 'The follow-up is kept until this time, an hour after `since`.',
      }),
      byProvider: t.expose('byProvider', {
        type: [FollowUpProvider],
        complexity: { field: 1, multiplier: USUAL_PROVIDERS },
        description:
          'This counts everyone who was seen since, by the provider of the latest pin, the most first.',
      }),
      notSeenApiKeys: t.field({
        type: [ApiKey],
        description:
          'These API keys have affinities that were not seen since, in no particular order; deleted ones are left out.',
        args: {
          first: t.arg.int({
            defaultValue: 20,
            description: 'The list has at most so many API keys, 1 to 1,000.',
          }),
        },
        complexity: ({ first }) => ({ field: 1, multiplier: Math.min(Math.max(first ?? 20, 1), 1_000) }),
        resolve: (followUp, { first }, context) => notSeenApiKeys(followUp, first, context),
      }),
    }
  },
})
