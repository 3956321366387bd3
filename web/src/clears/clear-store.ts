import { useEffect, useRef } from 'react'
import type { AffinityFilter } from '../generated/graphql.js'
import { createStore } from '../hooks/store.js'

/** What names one record to the API, and its owner to people. */
export interface ClearableRow {
  readonly id: string
  readonly affinityKey: string
  readonly endpointId: string
  readonly modelId: string
  readonly apiFormat: string
  readonly modelName: string | null
  readonly providerId: string
  readonly providerKeyId: string
  readonly requestCount: number
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

/** Typed by hand before everything goes. Different for the two, and not translated: the fingers must think. */
export const WORDS: Partial<Record<ClearTarget['kind'], string>> = {
  all: 'clear all affinities',
  mappingsAll: 'clear all mappings',
}

export const clearsMappings = ({ kind }: ClearTarget): boolean =>
  kind === 'mappingName' || kind === 'providerMapping' || kind === 'mappingsAll'

/** The clear that is being talked about; null when none is. */
export const clearTarget = createStore<ClearTarget | null>(null)
export const openClear = clearTarget.set

/** Grows with each clear that changed something. */
export const clearsDone = createStore(0)

/** Runs `reload` when a dialogue that cleared something is closed: the rows below it stay as they are until then. */
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
