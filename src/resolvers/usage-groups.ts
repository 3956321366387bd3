import type { Context } from '../context.js'
import type { UsageGrouping } from '../usage/usage-rows.js'

/** A group of usage rows, whose key is of the kind that its grouping tells. */
export interface KeyedGroup {
  readonly by: UsageGrouping
  readonly sums: { readonly key: string | null }
}

type Loaders = Context['loaders']

/** The row that the group's key names; null if the group is of another kind, or the row has been deleted. */
const rowOf = async <Row>(
  { by, sums: { key } }: KeyedGroup,
  kind: UsageGrouping,
  load: (key: string) => Row | null | Promise<Row | null>,
): Promise<Row | null> => (by === kind && key !== null ? load(key) : null)

export const userOf = (group: KeyedGroup, { users }: Loaders) => rowOf(group, 'USER', (id) => users.load(id))
export const apiKeyOf = (group: KeyedGroup, { apiKeys }: Loaders) =>
  rowOf(group, 'API_KEY', (id) => apiKeys.byId.load(id))
export const providerOf = (group: KeyedGroup, { providers }: Loaders) =>
  rowOf(group, 'PROVIDER', (id) => providers.load(id))
export const providerKeyOf = (group: KeyedGroup, { providerKeys }: Loaders) =>
  rowOf(group, 'PROVIDER_KEY', (id) => providerKeys.load(id))
export const modelOf = (group: KeyedGroup, { globalModelsNamed }: Loaders) =>
  rowOf(group, 'MODEL', (name) => globalModelsNamed.load(name))

/** The name that people know the group by; its key where there is no such name. */
export async function labelOf(group: KeyedGroup, loaders: Loaders): Promise<string> {
  const names = await Promise.all([
    userOf(group, loaders).then((user) => user?.username),
    apiKeyOf(group, loaders).then((apiKey) => apiKey?.name),
    providerOf(group, loaders).then((provider) => provider?.displayName),
    providerKeyOf(group, loaders).then((key) => key?.name),
  ])
  const unnamed = group.by === 'TOTAL' ? 'Total' : 'None'
  return names.find((name) => name) ?? group.sums.key ?? unnamed
}

/** The start of the hour or day that the group is; null for any other group. */
export const startOf = ({ by, sums: { key } }: KeyedGroup): Date | null =>
  (by === 'HOUR' || by === 'DAY') && key !== null ? new Date(key) : null
