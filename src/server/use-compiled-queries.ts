import {
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  GraphQLError,
  getOperationAST,
  getVariableValues,
  type OperationDefinitionNode,
  OperationTypeNode,
  subscribe,
} from 'graphql'
import { type CompiledQuery, compileQuery, isCompiledQuery } from 'graphql-jit'
import type { Plugin } from 'graphql-yoga'
import type { Context } from '../context.js'
import { createLru } from '../util/lru.js'

export interface CompiledQueriesOptions {
  /**
   * How often a viewer has to run a query, without an error, before it is compiled; at least 1, since a run is what
   * proves it to be within the cost limits. Compiling costs about as much as two runs of a long page.
   */
  readonly after?: number
  /** How many are kept. Each holds on to its document and to some 100 kB of code. */
  readonly atMost?: number
}

/**
 * Runs a query that is asked again and again as JavaScript of its own, which is several times faster for a long page than
 * walking its document for each record. Mutations are never compiled, nor is anything that nobody with a token asks.
 * Documents are walked by GraphQL.js rather than by Yoga's own executor: both then give the fields of an answer in the order
 * of the query, where Yoga's gives them in the order in which they were resolved.
 */
export function useCompiledQueries({
  after = 2,
  atMost = 100,
}: CompiledQueriesOptions = {}): Plugin<Context> {
  // By the operation itself: Yoga keeps parsed documents by their text.
  const runs = new WeakMap<OperationDefinitionNode, number>()
  const compiled = createLru<OperationDefinitionNode, CompiledQuery | null>(atMost)

  const compiledOf = (operation: OperationDefinitionNode, args: ExecutionArgs): CompiledQuery | null => {
    const known = compiled.get(operation)
    if (known !== undefined) return known
    const usable = isSafe(args) ? compile(args) : null
    compiled.set(operation, usable)
    return usable
  }

  return {
    onSubscribe({ setSubscribeFn }) {
      setSubscribeFn(subscribe)
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

function compile({ schema, document, operationName }: ExecutionArgs): CompiledQuery | null {
  const query = compileQuery(schema, document, operationName ?? undefined)
  return isCompiledQuery(query) ? query : null
}

/**
 * Names with two underscores: `__proto__` as an alias would set the prototype of the answer's objects, and introspection
 * has no cost limit, where the compiler writes out each fragment wherever it is spread.
 */
const isSafe = ({ document }: ExecutionArgs): boolean =>
  document.loc !== undefined && !/__(?!typename\b)/.test(document.loc.source.body)

/**
 * GraphQL's own reading of the variables: the compiler's does not know defaults inside of input objects. Undefined where
 * one is bad: the executor says so best.
 */
function coercedVariables({ variableDefinitions = [] }: OperationDefinitionNode, args: ExecutionArgs) {
  return getVariableValues(args.schema, variableDefinitions, args.variableValues ?? {}).coerced
}

/** Arguments with the signal that `useCancellation` adds: it ends the wait for a query. */
type StoppableArgs = ExecutionArgs & { readonly signal?: AbortSignal }

/** Walks the document. */
async function walk(args: StoppableArgs): Promise<ExecutionResult> {
  args.signal?.throwIfAborted()
  return unlessAborted(execute(args), args.signal)
}

/** Runs the compiled query. Its errors know their place as those of a walked document do. */
async function run(query: CompiledQuery, args: StoppableArgs, variables: object) {
  args.signal?.throwIfAborted()
  const result = query.query(args.rootValue, args.contextValue, variables)
  return located(await unlessAborted(result, args.signal), args)
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

/** The compiler's errors know lines and columns; GraphQL's own know the place in the source, from which those follow. */
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
