import { maxAliasesPlugin } from '@escape.tech/graphql-armor-max-aliases'
import { maxDepthPlugin } from '@escape.tech/graphql-armor-max-depth'
import { maxDirectivesPlugin } from '@escape.tech/graphql-armor-max-directives'
import { maxTokensPlugin } from '@escape.tech/graphql-armor-max-tokens'
import { type ASTVisitor, GraphQLError, type ValidationContext } from 'graphql'
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
