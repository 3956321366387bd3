import { maxAliasesPlugin } from '@escape.tech/graphql-armor-max-aliases'
import { maxDepthPlugin } from '@escape.tech/graphql-armor-max-depth'
import { maxDirectivesPlugin } from '@escape.tech/graphql-armor-max-directives'
import { maxTokensPlugin } from '@escape.tech/graphql-armor-max-tokens'
import { type ASTVisitor, GraphQLError, type ValidationContext } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { LIMITS } from '../../schema/builder.js'

/**
 * How large a document may be. Enough for every field of the schema at once; far from enough to hurt: validation is
 * quadratic in the tokens, and some 2,000 documents are kept in a cache with their text.
 */
export const DOCUMENT_LIMITS = {
  characters: 32_768,
  tokens: 1_000,
  aliases: 30,
  directives: 30,
  depth: LIMITS.depth,
} as const

/**
 * Refuses a document for its shape, before it is run. GraphQL Armor's single plugins, not its bundle: that one wants
 * Apollo Server. Cost limits that need arguments are in the schema's builder.
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

/** graphql-js takes `$__proto__` for a variable that was not given: a filter with it would be wider than was meant. */
const noReservedVariables = (context: ValidationContext): ASTVisitor => ({
  VariableDefinition({ variable }) {
    const { value } = variable.name
    if (value.startsWith('__')) {
      context.reportError(new GraphQLError(`Variable "$${value}" is reserved.`, { nodes: variable }))
    }
  },
})

/** Armor throws what it calls a syntax error out of the validation; it is one of the document's faults. */
const asValidationError = {
  propagateOnRejection: false,
  onReject: [
    (context: ValidationContext | null, { message }: GraphQLError) =>
      context?.reportError(new GraphQLError(message.replace('Syntax Error: ', ''))),
  ],
}
