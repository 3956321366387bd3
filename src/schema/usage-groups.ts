import type { ArgBuilder, ObjectFieldBuilder } from '@pothos/core'
import {
  apiKeyOf,
  type KeyedGroup,
  labelOf,
  modelOf,
  providerKeyOf,
  providerOf,
  startOf,
  userOf,
} from '../resolvers/usage-groups.js'
import type { BuilderTypes } from './builder.js'
import { ApiKey, GlobalModel, Provider, ProviderKey, User } from './entities.js'

type GroupFields = ObjectFieldBuilder<BuilderTypes, KeyedGroup>

/** The fields that say which group of usage rows this is. */
export const namesOfGroup = (t: GroupFields) => ({
  key: t.string({
    nullable: true,
    description: 'The key is an id, a name, or the start of an hour or day; null: the requests without one.',
    resolve: ({ sums }) => sums.key,
  }),
  label: t.string({
    description: 'People know the group by this name; it is the key where there is none.',
    resolve: (group, _args, { loaders }) => labelOf(group, loaders),
  }),
  start: t.field({
    type: 'DateTime',
    nullable: true,
    description: 'The hour or day starts at this time; null for any other group.',
    resolve: startOf,
  }),
})

/** The rows that the key of a group of usage rows names. */
export const rowsOfGroup = (t: GroupFields) => ({
  user: t.field({
    type: User,
    nullable: true,
    description: 'The key names this user; null in other groupings, or if the row has been deleted.',
    resolve: (group, _args, { loaders }) => userOf(group, loaders),
  }),
  apiKey: t.field({
    type: ApiKey,
    nullable: true,
    description: 'The key names this API key; null in other groupings, or if the row has been deleted.',
    resolve: (group, _args, { loaders }) => apiKeyOf(group, loaders),
  }),
  provider: t.field({
    type: Provider,
    nullable: true,
    description: 'The key names this provider; null in other groupings, or if the row has been deleted.',
    resolve: (group, _args, { loaders }) => providerOf(group, loaders),
  }),
  providerKey: t.field({
    type: ProviderKey,
    nullable: true,
    description: 'The key names this provider key; null in other groupings, or if the row has been deleted.',
    resolve: (group, _args, { loaders }) => providerKeyOf(group, loaders),
  }),
  model: t.field({
    type: GlobalModel,
    nullable: true,
    description: 'The key leads to this global model; null in other groupings, or if no model has the name.',
    resolve: (group, _args, { loaders }) => modelOf(group, loaders),
  }),
})

/** The arguments that name a period. */
export const periodArguments = (arg: ArgBuilder<BuilderTypes>) => ({
  since: arg({ type: 'DateTime', required: true, description: 'The period begins with this time.' }),
  until: arg({
    type: 'DateTime',
    description: 'The period ends before this time, at most 31 days later; null or a later time: now.',
  }),
})

/** More groups than this count as so many: their rows are summed by one statement, and few gateways have more. */
const MAX_PRICED = 1_000

/** The complexity of a list of at most `first` groups or points. */
export const timesFirst = (first: number | null | undefined, otherwise: number) => ({
  field: 1,
  multiplier: Math.min(Math.max(first ?? otherwise, 1), MAX_PRICED),
})
