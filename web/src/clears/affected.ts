import type { ClearableRow } from './clear-store.js'

const NAMES = 5

/** The names that most records have, and how many others there are. */
export interface Tally {
  readonly largest: readonly { readonly key: string; readonly name: string; readonly count: number }[]
  readonly more: number
}

export function commonest(names: readonly string[]): Tally {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  const ranked = [...counts].sort((a, b) => b[1] - a[1])
  return {
    largest: ranked.slice(0, NAMES).map(([name, count]) => ({ key: name, name, count })),
    more: Math.max(0, ranked.length - NAMES),
  }
}

export const usersOf = (rows: readonly ClearableRow[]): string[] =>
  rows.map(({ user, apiKey, affinityKey }) => user?.username ?? apiKey?.name ?? affinityKey)

/** Returns the providers, with the provider key's name if all records are pinned to one key. */
export function placesOf(rows: readonly ClearableRow[]): string[] {
  const isOneKey = new Set(rows.map(({ providerKeyId }) => providerKeyId)).size === 1
  return rows.map(({ provider, providerId, providerKey, providerKeyId }) => {
    const place = provider?.displayName ?? providerId
    return isOneKey ? `${place} · ${providerKey?.name ?? providerKeyId}` : place
  })
}
