/*
 * The lists of a filter: each holds where one of its values does.
 */

import type { Dimension } from '../affinities/affinity-record.js'
import { InvalidInputError } from '../errors.js'
import { keyOfAffinityId } from './affinity.js'

/** The dimension of the values of each list. */
const LISTS = {
  affinityKeys: 'affinityKey',
  providerIds: 'providerId',
  endpointIds: 'endpointId',
  providerKeyIds: 'providerKeyId',
  modelIds: 'modelId',
  apiFormats: 'apiFormat',
  clientFamilies: 'clientFamily',
} as const satisfies Record<string, Dimension>

type List = readonly string[] | null | undefined

export type ListFilter = { readonly [Field in keyof typeof LISTS | 'ids' | 'userIds']?: List }

/** The most values that a list of a filter may have. */
const MAX_VALUES = 1_000

/**
 * Returns the values of the lists, each with its dimension.
 * @throws InvalidInputError if a list is empty, which could mean everything or nothing, or too long
 */
export const listedValues = (filter: ListFilter): readonly (readonly [Dimension, ReadonlySet<string>])[] =>
  (Object.keys(LISTS) as (keyof typeof LISTS)[]).flatMap((field) => {
    const values = readList(filter, field)
    return values ? [[LISTS[field], values] as const] : []
  })

/**
 * Returns the keys of the affinities that a filter names by their ids; undefined if it names none.
 * @throws InvalidInputError if one of the ids can be no affinity's
 */
export function keysOfIds(filter: ListFilter): ReadonlySet<string> | undefined {
  const ids = readList(filter, 'ids')
  if (!ids) return undefined
  const keys = [...ids].map((id) => {
    const key = keyOfAffinityId(id)
    if (key === undefined) {
      throw new InvalidInputError(
        'One of the ids can be no affinity’s: ids come from Affinity.id.',
        'filter.ids',
      )
    }
    return key
  })
  return new Set(keys)
}

/**
 * Returns the users whose API keys a filter selects; undefined if any user's will do.
 * @throws InvalidInputError if the list is empty or too long
 */
export function ownersOf(
  filter: ListFilter & { readonly userId?: string | null | undefined },
): ReadonlySet<string> | undefined {
  const { userId } = filter
  const userIds = readList(filter, 'userIds')
  if (userId == null) return userIds
  return new Set(userIds === undefined || userIds.has(userId) ? [userId] : [])
}

function readList(filter: ListFilter, field: keyof ListFilter): ReadonlySet<string> | undefined {
  const values = filter[field]
  if (values == null) return undefined
  if (values.length === 0) throw new InvalidInputError(`${field} must not be empty.`, `filter.${field}`)
  if (values.length > MAX_VALUES) {
    throw new InvalidInputError(`${field} must have at most ${MAX_VALUES} values.`, `filter.${field}`)
  }
  return new Set(values)
}
