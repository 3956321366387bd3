import { RecentMap } from '../../api/recent-map.js'
import type { AffinityRowFragment } from '../../generated/graphql.js'
import { onSessionChange } from '../../session/session.js'
import type { FilterField } from './address.js'

/** The names of ids that some page has shown: a filter's chip shows a name and not an id. */
const names = new RecentMap<string, string>(20_000)
onSessionChange(() => names.clear())

export function rememberNames(records: readonly AffinityRowFragment[]): void {
  for (const { user, apiKey, affinityKey, provider, providerKey, endpoint, modelId, modelName } of records) {
    if (user) names.set(`userId:${user.id}`, user.username)
    if (apiKey?.name) names.set(`affinityKey:${affinityKey}`, apiKey.name)
    if (provider) names.set(`providerId:${provider.id}`, provider.displayName)
    if (providerKey) names.set(`providerKeyId:${providerKey.id}`, providerKey.name)
    if (endpoint) names.set(`endpointId:${endpoint.id}`, endpoint.baseUrl)
    if (modelName !== null) names.set(`modelId:${modelId}`, modelName)
  }
}

export const rememberName = (field: FilterField, id: string, name: string): void =>
  void names.set(`${field}:${id}`, name)

/** The names of these fields are not unique: two users may each have an API key `laptop`. */
const SHARED: readonly FilterField[] = ['affinityKey', 'providerKeyId']

/** The values of these fields are names themselves. */
const PLAIN: readonly FilterField[] = ['apiFormat', 'clientFamily']

export function nameOf(field: FilterField, id: string): string {
  if (PLAIN.includes(field)) return id
  const name = names.get(`${field}:${id}`)
  if (name === undefined) return shortId(id)
  return SHARED.includes(field) ? `${name} · ${shortId(id)}` : name
}

/** Returns the label of each group, with the id where several share one: a gateway allows two provider keys with one name. */
export function toldApart(groups: readonly { readonly key: string; readonly label: string }[]) {
  const uses = new Map<string, number>()
  for (const { label } of groups) uses.set(label, (uses.get(label) ?? 0) + 1)
  return groups.map(({ key, label }) => (uses.get(label) === 1 ? label : `${label} · ${shortId(key)}`))
}

/** Shortens an id to its first characters, which tell it from others on the page. */
export const shortId = (id: string): string => (id.length > 13 ? `${id.slice(0, 8)}…` : id)

/** Returns the name of the record's owner. */
export const ownerOf = ({ user, apiKey, affinityKey }: AffinityRowFragment): string =>
  user?.username ?? apiKey?.name ?? shortId(affinityKey)
