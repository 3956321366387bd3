/** Descriptions of an operation, its errors and its SQL statements for the log, metrics and traces. */
import { type DocumentNode, type GraphQLError, Kind, type SelectionSetNode } from 'graphql'
import type { Plugin } from 'graphql-yoga'

/** Returns the operation's only root field, or `several`. The document must be valid, so that every name is one of the schema. */
export function rootFieldOf(document: DocumentNode, selectionSet: SelectionSetNode): string {
  const names = new Set<string>()
  const spread = new Set<string>()
  const collect = ({ selections }: SelectionSetNode) => {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) names.add(selection.name.value)
      else if (selection.kind === Kind.INLINE_FRAGMENT) collect(selection.selectionSet)
      // Each fragment is visited once: fragments that spread each other twice would take exponential time.
      else if (!spread.has(selection.name.value)) {
        spread.add(selection.name.value)
        const fragment = document.definitions.find(
          (node) => node.kind === Kind.FRAGMENT_DEFINITION && node.name.value === selection.name.value,
        )
        if (fragment?.kind === Kind.FRAGMENT_DEFINITION) collect(fragment.selectionSet)
      }
    }
  }
  collect(selectionSet)
  const [name = 'none', ...others] = names
  return others.length === 0 ? name : 'several'
}

type Result = Parameters<NonNullable<Plugin['onResultProcess']>>[0]['result']

/** Returns the errors of an answer. A stream has none; its events have their own. */
export function errorsOf(result: Result): readonly GraphQLError[] {
  if (Array.isArray(result) || Symbol.asyncIterator in result) return []
  return result.errors ?? []
}

const VERB = /^\s*(\w+)/
/** Prisma quotes every name: `"public"."users"`. */
const TABLE = /\b(?:FROM|INTO|UPDATE)\s+(?:"[^"]*"\.)?"?(\w+)/i

/** Describes an SQL statement for metrics and traces: its verb in capitals, and the first table that it names. */
export const describeStatement = (sql: string): { verb: string; table: string | undefined } => ({
  verb: VERB.exec(sql)?.[1]?.toUpperCase() ?? 'SQL',
  table: TABLE.exec(sql)?.[1],
})
