import type { GraphQLError } from 'graphql'
import type { Plugin } from 'graphql-yoga'

type Result = Parameters<NonNullable<Plugin['onResultProcess']>>[0]['result']

/** Returns the errors of an answer. A stream has none; its events have their own. */
export function errorsOf(result: Result): readonly GraphQLError[] {
  if (Array.isArray(result) || Symbol.asyncIterator in result) return []
  return result.errors ?? []
}
