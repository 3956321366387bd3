import { maxAliasesPlugin } from '@escape.tech/graphql-armor-max-aliases'
import { maxDepthPlugin } from '@escape.tech/graphql-armor-max-depth'
import { maxDirectivesPlugin } from '@escape.tech/graphql-armor-max-directives'
import { maxTokensPlugin } from '@escape.tech/graphql-armor-max-tokens'
import { type ASTVisitor, GraphQLError, Kind, type SelectionSetNode, type ValidationContext } from 'graphql'
import type { Plugin } from 'graphql-yoga'

/**
 * Largest size of a document. The limits leave room for every field of the schema at once. Larger documents would be a
 * danger: validation time is quadratic in the tokens, and Yoga caches about 2,000 documents with their texts.
 */
export const DOCUMENT_LIMITS = {
  characters: 32_768,
  tokens: 1_000,
  aliases: 30,
  directives: 30,
  depth: 11,
  /** Counted with every fragment expanded. A page of affinities with every field and every join has about 100. */
  fields: 400,
} as const

/**
 * Refuses a document by its size and shape before it runs. It uses single plugins of GraphQL Armor, since Armor's bundle
 * needs Apollo Server. The cost limit, which depends on arguments, is in schema/builder.ts.
 */
export function useLimits(): Plugin {
  const { characters, tokens, depth, aliases, directives } = DOCUMENT_LIMITS
  return {
    onPluginInit({ addPlugin }) {
      addPlugin(maxTokensPlugin({ n: tokens }))
      addPlugin(maxDepthPlugin({ n: depth, flattenFragments: true, ...asValidationError }))
      addPlugin(maxAliasesPlugin({ n: aliases, allowList: [], ...asValidationError }))
      addPlugin(maxDirectivesPlugin({ n: directives, ...asValidationError }))
    },
    onValidate({ addValidationRule }) {
      addValidationRule(noReservedVariables)
    },
    onParams({ params: { query } }) {
      if (typeof query !== 'string' || query.length <= characters) return
      throw new GraphQLError(`The document is longer than ${characters} characters.`, {
        extensions: { code: 'BAD_USER_INPUT', http: { status: 400 } },
      })
    },
  }
}

/**
 * Refuses variables like `$__proto__`. graphql-js would treat it as absent, and a filter (of a clear, too) would select more
 * than was meant.
 */
const noReservedVariables = (context: ValidationContext): ASTVisitor => ({
  VariableDefinition({ variable }) {
    const { value } = variable.name
    if (value.startsWith('__')) {
      context.reportError(new GraphQLError(`Variable "$${value}" is reserved.`, { nodes: variable }))
    }
  },
})

/** Turns Armor's refusals into validation errors. By default Armor throws them as syntax errors. */
const asValidationError = {
  propagateOnRejection: false,
  onReject: [
    (context: ValidationContext | null, { message }: GraphQLError) =>
      context?.reportError(new GraphQLError(message.replace('Syntax Error: ', ''))),
  ],
}

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
