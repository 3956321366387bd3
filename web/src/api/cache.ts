import { type FieldPolicy, InMemoryCache, type Reference } from '@apollo/client'
import possibleTypes from '../generated/possible-types.js'

/** The cache keeps this many pages of each connection. */
export const PAGES_KEPT = 20

/** The pages of a connection are stored by their arguments as JSON, in the order in which they were written. */
type Pages = Readonly<Record<string, Reference>>

/**
 * The policy stores each page of a connection under all of its arguments. A page that is read again replaces its old
 * version. Beyond PAGES_KEPT the page that was written longest ago is dropped, so memory does not grow with paging.
 */
const pages: FieldPolicy<Pages, Reference> = {
  keyArgs: false,
  read: (kept, { args }) => kept?.[JSON.stringify(args)],
  merge(kept = {}, incoming, { args, cache }) {
    const key = JSON.stringify(args)
    const others = Object.entries(kept).filter(([other]) => other !== key)
    // The write is not complete yet. After it, nothing refers to the records of a dropped page.
    setTimeout(() => cache.gc())
    return { ...Object.fromEntries(others.slice(1 - PAGES_KEPT)), [key]: incoming }
  },
}

const MAPPING_FIELDS = [
  'modelMappings',
  'providerModelMappings',
  'unmappedEntries',
  'modelMappingStats',
] as const

/** The cache holds entities by id and pages by arguments. It never holds an affinity: see docs/decisions.md. */
export const createCache = (): InMemoryCache =>
  new InMemoryCache({
    possibleTypes: possibleTypes.possibleTypes,
    typePolicies: {
      Query: {
        fields: {
          auditEvents: pages,
          modelMappings: pages,
          providerModelMappings: pages,
          unmappedEntries: pages,
          // An audit event never changes, so one that a page has listed is found by its id.
          auditEvent: {
            read: (known: Reference | null | undefined, { args, toReference }) =>
              known === undefined ? toReference({ __typename: 'AuditEvent', id: args?.['id'] }) : known,
          },
        },
      },
      // These values have no id: a new value replaces the old one.
      CacheConfig: { merge: false },
      Gateway: { merge: false },
      ModelMappingStats: { merge: false },
    },
  })

/** A clear evicts what it made untrue: the list of audit events always, and the pages and figures of mappings. */
export function evictCleared(cache: InMemoryCache, mappings: boolean): void {
  for (const fieldName of ['auditEvents', ...(mappings ? MAPPING_FIELDS : [])]) {
    cache.evict({ id: 'ROOT_QUERY', fieldName })
  }
  cache.gc()
}
