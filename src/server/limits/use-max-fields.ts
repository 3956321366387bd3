import { type ASTVisitor, GraphQLError, Kind, type SelectionSetNode, type ValidationContext } from 'graphql'
import type { Plugin } from 'graphql-yoga'

/**
 * Refuses an operation that names more fields than this, each fragment counted wherever it is spread: thirty that spread
 * each other twice name a billion. The schema's own cost counts what its resolvers give, which `__typename` does not have.
 */
export function useMaxFields(limit: number): Plugin {
  const rule = (context: ValidationContext): ASTVisitor => ({
    OperationDefinition(operation) {
      if (countFields(operation.selectionSet, context, new Map()) <= limit) return
      context.reportError(
        new GraphQLError(`The operation names more than ${limit} fields.`, { nodes: operation }),
      )
    },
  })
  return {
    onValidate: ({ addValidationRule }) => addValidationRule(rule),
  }
}

/** @param known of fragments that were counted before; one that is being counted is in it as 0, as it may spread itself */
function countFields(
  { selections }: SelectionSetNode,
  context: ValidationContext,
  known: Map<string, number>,
): number {
  let count = 0
  for (const selection of selections) {
    if (selection.kind === Kind.FRAGMENT_SPREAD) {
      count += countFragment(selection.name.value, context, known)
    } else {
      if (selection.kind === Kind.FIELD) count += 1
      if (selection.selectionSet) count += countFields(selection.selectionSet, context, known)
    }
  }
  return count
}

function countFragment(name: string, context: ValidationContext, known: Map<string, number>): number {
  const before = known.get(name)
  if (before !== undefined) return before
  known.set(name, 0)
  const fragment = context.getFragment(name)
  const count = fragment ? countFields(fragment.selectionSet, context, known) : 0
  known.set(name, count)
  return count
}
