import type { ExecutionResult } from 'graphql'
import type { Plugin } from 'graphql-yoga'

/** `Did you mean "name"?`, `… the enum value "ASC"?`, `… to use an inline fragment on "User"?` */
const SUGGESTION = / ?Did you mean [^?]*\?/g

/**
 * Takes the suggestions out of GraphQL's own messages, so that the schema cannot be guessed name by name. They come
 * from the validation, and from variables, which are read later.
 */
export function useNoSuggestions(): Plugin {
  return {
    onExecutionResult({ result }) {
      if (!result || Array.isArray(result) || !('errors' in result)) return
      const { errors = [] }: ExecutionResult = result
      for (const error of errors) error.message = error.message.replace(SUGGESTION, '')
    },
  }
}
