import type { ExecutionResult } from 'graphql'
import type { Plugin } from 'graphql-yoga'

/** `Did you mean "name"?`, `… the enum value "ASC"?`, `… to use an inline fragment on "User"?` */
const SUGGESTION = / ?Did you mean [^?]*\?/g

/**
 * Removes suggestions from GraphQL's own messages, so that nobody can guess the schema name by name. They occur in
 * validation errors and in errors of variables, which are coerced later.
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
