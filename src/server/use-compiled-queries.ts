import {
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  GraphQLError,
  getOperationAST,
  getVariableValues,
  type OperationDefinitionNode,
  OperationTypeNode,
} from 'graphql'
import { type CompiledQuery, compileQuery, isCompiledQuery } from 'graphql-jit'
import type { Plugin } from 'graphql-yoga'
import type { Context } from '../context.js'
import { createLru } from '../util/lru.js'
import { subscribeInTurns } from './limits/subscribe-in-turns.js'
import { type WrittenLists, withLists, writtenLists } from './writing/written-lists.js'

export interface CompiledQueriesOptions {
  /**
   * Number of runs by a viewer without an error before a query is compiled; at least 1, since the first run checks the cost
   * limits. Compiling costs about as much as two runs of a long page.
   */
  readonly after?: number
  /** Number of compiled queries that are kept (LRU). Each keeps its document and about 100 kB of code in memory. */
  readonly atMost?: number
}

/**
 * Compiles queries that are sent repeatedly to JavaScript (graphql-jit), which is several times faster for a long page than
 * interpreting the document for each record. Mutations, and queries without a valid token, are never compiled. All other
 * documents are run by GraphQL.js instead of Yoga's own executor. GraphQL.js and graphql-jit give an answer's fields in the
 * order of the query; Yoga's executor gives them in the order in which they resolve.
 */
export function useCompiledQueries({
  after = 2,
  atMost = 100,
}: CompiledQueriesOptions = {}): Plugin<Context> {
  // The key is the parsed operation, since parsed documents are cached by their texts.
  const runs = new WeakMap<OperationDefinitionNode, number>()
  const compiled = createLru<OperationDefinitionNode, Compiled | null>(atMost)

  const compiledOf = (operation: OperationDefinitionNode, args: ExecutionArgs): Compiled | null => {
    const known = compiled.get(operation)
    if (known !== undefined && !known?.lists?.areSlow) return known
    const lists = known === undefined ? writtenLists(args.schema, args.document, operation) : undefined
    const usable = isSafe(args) ? compile(args, lists) : null
    compiled.set(operation, usable)
    return usable
  }

  return {
    onSubscribe({ setSubscribeFn }) {
      setSubscribeFn(subscribeInTurns)
    },
    onExecute({ args, setExecuteFn }) {
      const operation = getOperationAST(args.document, args.operationName)
      if (operation?.operation !== OperationTypeNode.QUERY) {
        setExecuteFn(execute)
        return undefined
      }
      const seen = runs.get(operation) ?? 0
      const query = seen >= after ? compiledOf(operation, args) : null
      const variables = query && coercedVariables(operation, args)
      setExecuteFn((given) => (query && variables ? run(query, given, variables) : walk(given)))
      if (seen >= after) return undefined
      return {
        onExecuteDone({ result }) {
          const isDone = !('errors' in result) && args.contextValue.knownViewer() !== undefined
          if (isDone) runs.set(operation, seen + 1)
        },
      }
    },
  }
}

interface Compiled {
  readonly query: CompiledQuery['query']
  /** The lists of its answer that are written by themselves. */
  readonly lists: WrittenLists | undefined
}

function compile(
  { schema, document, operationName }: ExecutionArgs,
  lists: WrittenLists | undefined,
): Compiled | null {
  const compiled = compileQuery(lists?.schema ?? schema, document, operationName ?? undefined)
  return isCompiledQuery(compiled) ? { query: compiled.query, lists } : null
}

/**
 * Returns false for documents with names that begin with two underscores, except `__typename`. In compiled code the alias
 * `__proto__` would set the prototype of the answer's objects. Introspection has no cost limit, and the compiler expands
 * every fragment wherever it is spread.
 */
const isSafe = ({ document }: ExecutionArgs): boolean =>
  document.loc !== undefined && !/__(?!typename\b)/.test(document.loc.source.body)

/**
 * Coerces the variables with GraphQL.js, since graphql-jit ignores defaults inside of input objects. Returns undefined if a
 * variable is invalid; GraphQL.js then runs the query and reports it.
 */
function coercedVariables({ variableDefinitions = [] }: OperationDefinitionNode, args: ExecutionArgs) {
  // The first error is enough, since GraphQL.js finds them all again.
  return getVariableValues(args.schema, variableDefinitions, args.variableValues ?? {}, { maxErrors: 0 })
    .coerced
}

/** Arguments with the signal that `useCancellation` adds. */
type StoppableArgs = ExecutionArgs & { readonly signal?: AbortSignal }

async function walk(args: StoppableArgs): Promise<ExecutionResult> {
  args.signal?.throwIfAborted()
  return unlessAborted(execute(args), args.signal)
}

/** Runs the compiled query, and gives its errors the same locations as GraphQL.js does. */
async function run({ query, lists }: Compiled, args: StoppableArgs, variables: object) {
  args.signal?.throwIfAborted()
  const result = query(args.rootValue, args.contextValue, variables)
  const answer = located(await unlessAborted(result, args.signal), args)
  return lists ? unlessAborted(withLists(answer, lists, args), args.signal) : answer
}

async function unlessAborted<T>(work: T | PromiseLike<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work
  let stop = () => {}
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
  })
  return Promise.race([work, aborted]).finally(() => signal.removeEventListener('abort', stop))
}

/** Converts the lines and columns in graphql-jit's errors to positions in the source, which GraphQL's errors need. */
function located(result: ExecutionResult, { document }: ExecutionArgs): ExecutionResult {
  const source = document.loc?.source
  if (!result.errors || !source) return result
  const lines = [0, ...Array.from(source.body.matchAll(/\r\n|[\n\r]/g), (end) => end.index + end[0].length)]
  const errors = result.errors.map(
    ({ message, locations, path, originalError }) =>
      new GraphQLError(message, {
        source,
        positions: locations?.map(({ line, column }) => (lines[line - 1] ?? 0) + column - 1) ?? null,
        path: path ?? null,
        originalError: originalError ?? null,
      }),
  )
  return { ...result, errors }
}
