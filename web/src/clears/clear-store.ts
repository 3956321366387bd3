import { useEffect, useRef } from 'react'
import type { AffinityFilter, PoolSessionFilter, StaleReason } from '../generated/graphql.js'
import { createStore } from '../hooks/store.js'

/** The row has what identifies a record for the API and its owner for people. */
export interface ClearableRow {
  readonly id: string
  readonly affinityKey: string
  readonly endpointId: string
  readonly modelId: string
  readonly apiFormat: string
  /** Both are null unless the record belongs to one session. */
  readonly clientFamily: string | null
  readonly sessionHash: string | null
  readonly modelName: string | null
  readonly providerId: string
  readonly providerKeyId: string
  readonly requestCount: number
  /** Null while PostgreSQL does not answer. */
  readonly staleReasons: readonly StaleReason[] | null
  readonly apiKey: { readonly id: string; readonly name: string | null } | null
  readonly user: { readonly id: string; readonly username: string } | null
  readonly provider: { readonly id: string; readonly displayName: string } | null
  readonly providerKey: { readonly id: string; readonly name: string } | null
}

export type ClearTarget =
  | { readonly kind: 'single'; readonly rows: readonly [ClearableRow] }
  | { readonly kind: 'selected'; readonly rows: readonly ClearableRow[] }
  | { readonly kind: 'filtered'; readonly filter: AffinityFilter }
  | { readonly kind: 'user'; readonly userId: string; readonly name: string }
  | { readonly kind: 'provider'; readonly providerId: string; readonly name: string }
  | { readonly kind: 'all' }
  | { readonly kind: 'mappingName'; readonly name: string }
  | {
      readonly kind: 'providerMapping'
      readonly providerId: string
      readonly globalModelId: string
      readonly name: string
    }
  | { readonly kind: 'mappingsAll' }
  | { readonly kind: 'poolSessions'; readonly filter: PoolSessionFilter; readonly name: string }

/** The user types these words before everything is cleared. They differ and are not translated: no habit types them. */
export const WORDS: Partial<Record<ClearTarget['kind'], string>> = {
  all: 'clear all affinities',
  mappingsAll: 'clear all mappings',
}

export const clearsMappings = ({ kind }: ClearTarget): boolean =>
  kind === 'mappingName' || kind === 'providerMapping' || kind === 'mappingsAll'

/** The store holds the target of the open clear dialogue; null if none is open. */
export const clearTarget = createStore<ClearTarget | null>(null)
export const openClear = clearTarget.set

/** The number grows with each clear that may have changed something. */
export const clearsDone = createStore(0)

/** Runs `reload` when a dialogue that cleared something is closed. The rows below it do not move until then. */
export function useClearedNotice(reload: () => unknown): void {
  const latest = useRef(reload)
  latest.current = reload
  useEffect(() => {
    let seen = clearsDone.get()
    return clearTarget.subscribe(() => {
      if (clearTarget.get() !== null || clearsDone.get() === seen) return
      seen = clearsDone.get()
      latest.current()
    })
  }, [])
}
