import type { GraphQLError } from 'graphql'
import type { Plugin } from 'graphql-yoga'

type Result = Parameters<NonNullable<Plugin['onResultProcess']>>[0]['result']

/** The errors of one answer; a stream of events has none of its own. */
export function errorsOf(result: Result): readonly GraphQLError[] {
  if (Array.isArray(result) || Symbol.asyncIterator in result) return []
  return result.errors ?? []
}
