import { type FieldPolicy, InMemoryCache, type Reference } from '@apollo/client'
import possibleTypes from '../generated/possible-types.js'

/** The cache keeps this many pages of each connection. */
export const PAGES_KEPT = 20

/** Connections by their arguments as JSON, in the order in which they were written. */
type Pages = Readonly<Record<string, Reference>>

/**
 * The pages of one connection, each under all of its arguments. A page that is read again takes the place of its old
 * self; beyond PAGES_KEPT the page that was written longest ago goes, so that memory does not grow with the paging.
 */
const pages: FieldPolicy<Pages, Reference> = {
  keyArgs: false,
  read: (kept, { args }) => kept?.[JSON.stringify(args)],
  merge(kept = {}, incoming, { args, cache }) {
    const key = JSON.stringify(args)
    const others = Object.entries(kept).filter(([other]) => other !== key)
    // The write is still under way; afterwards nothing refers to the records of the page that has gone.
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

/** The cache holds entities by their id and pages by their arguments. It never holds an affinity: see docs/decisions.md. */
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
          // An event never changes: one that some page listed is known by its id.
          auditEvent: {
            read: (known: Reference | null | undefined, { args, toReference }) =>
              known === undefined ? toReference({ __typename: 'AuditEvent', id: args?.['id'] }) : known,
          },
        },
      },
      // Values without an identity: a later one replaces the one before.
      CacheConfig: { merge: false },
      ModelMappingStats: { merge: false },
    },
  })

/** A clear, and a dry run as well, adds an audit event; a clear of mappings also makes their pages untrue. */
export function evictCleared(cache: InMemoryCache, mappings: boolean): void {
  for (const fieldName of ['auditEvents', ...(mappings ? MAPPING_FIELDS : [])]) {
    cache.evict({ id: 'ROOT_QUERY', fieldName })
  }
  cache.gc()
}
