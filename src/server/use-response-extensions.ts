import type { ExecutionResult } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import type { Context } from '../context.js'

/** Copies the notes that resolvers left in the context into the answer's `extensions`. */
export function useResponseExtensions(): Plugin<Context> {
  return {
    onExecute({ args }) {
      const { notes } = args.contextValue
      return {
        onExecuteDone({ result, setResult }) {
          if (notes.size === 0 || Symbol.asyncIterator in result) return
          const single = result as ExecutionResult
          setResult({ ...single, extensions: { ...single.extensions, ...Object.fromEntries(notes) } })
        },
      }
    },
  }
}
