import { maxAliasesPlugin } from '@escape.tech/graphql-armor-max-aliases'
import { maxDepthPlugin } from '@escape.tech/graphql-armor-max-depth'
import { maxDirectivesPlugin } from '@escape.tech/graphql-armor-max-directives'
import {
  type ASTVisitor,
  GraphQLError,
  Kind,
  parse,
  type SelectionSetNode,
  type ValidationContext,
} from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { shortenMessage } from './use-bounded-errors.js'

/**
 * Largest size of a document. The limits leave room for every field of the schema at once. Larger documents would be a
 * danger: validation time is quadratic in the tokens, and each error counts the lines before it.
 */
export const DOCUMENT_LIMITS = {
  characters: 32_768,
  lines: 2_000,
  tokens: 1_000,
  /** Comments are no tokens. */
  comments: 100,
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
  const { depth, aliases, directives } = DOCUMENT_LIMITS
  return {
    onPluginInit({ addPlugin }) {
      addPlugin(maxDepthPlugin({ n: depth, flattenFragments: true, ...asValidationError }))
      addPlugin(maxAliasesPlugin({ n: aliases, allowList: [], ...asValidationError }))
      addPlugin(maxDirectivesPlugin({ n: directives, ...asValidationError }))
    },
    onValidate({ addValidationRule }) {
      addValidationRule(noReservedVariables)
    },
    onParse({ setParseFn }) {
      setParseFn(parseDocument)
    },
    onParams({ params: { query } }) {
      if (typeof query === 'string') requireReadableText(query)
    },
  }
}

/**
 * Parses a document up to its largest number of tokens and of comments.
 * @throws GraphQLError with a short message
 */
export const parseDocument: typeof parse = (source, options) => {
  const { tokens, comments } = DOCUMENT_LIMITS
  try {
    return parse(source, { ...options, maxLexicalTokens: tokens, maxComments: comments })
  } catch (error) {
    throw shortenMessage(error)
  }
}

/** Checks what a text may have before it is parsed. @throws GraphQLError if it has too many characters or lines */
function requireReadableText(text: string): void {
  const { characters, lines } = DOCUMENT_LIMITS
  if (text.length > characters) throw unreadable(`The document is longer than ${characters} characters.`)
  let count = 1
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index)
    if (unit === LINE_FEED || (unit === CARRIAGE_RETURN && text.charCodeAt(index + 1) !== LINE_FEED))
      count += 1
  }
  if (count > lines) throw unreadable(`The document has more than ${lines} lines.`)
}

const LINE_FEED = 10
const CARRIAGE_RETURN = 13

const unreadable = (message: string): GraphQLError =>
  new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT', http: { status: 400 } } })

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
 * A fragment by itself has the same limit, since GraphQL.js compares its fields with each other even if nobody spreads it.
 */
export function useMaxFields(limit: number): Plugin {
  const rule = (context: ValidationContext, known = new Map<string, number>()): ASTVisitor => ({
    OperationDefinition(operation) {
      if (countFields(operation.selectionSet, context, known) <= limit) return
      context.reportError(
        new GraphQLError(`The operation names more than ${limit} fields.`, { nodes: operation }),
      )
    },
    FragmentDefinition(fragment) {
      if (countFields(fragment.selectionSet, context, known) <= limit) return
      context.reportError(
        new GraphQLError(`A fragment names more than ${limit} fields.`, { nodes: fragment }),
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
