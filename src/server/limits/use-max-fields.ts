import { type ASTVisitor, GraphQLError, Kind, type SelectionSetNode, type ValidationContext } from 'graphql'
import type { Plugin } from 'graphql-yoga'

/**
 * Refuses an operation with more than `limit` fields. A fragment counts wherever it is spread: with thirty fragments that
 * spread the next one twice, an operation has a billion fields. The cost limit of the schema does not see `__typename`.
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

/** @param known counts by fragment name; a fragment that is being counted has 0, so that a cycle ends */
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
