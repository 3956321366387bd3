import type { ExecutionResult, GraphQLError } from 'graphql'
import type { Plugin } from 'graphql-yoga'

/**
 * Keeps one error for each field name, with the path of the first. While the database is down or answers in an unexpected
 * way, every joined field of every record fails for the same reason, and a page would have thousands of equal errors.
 */
export function useOneErrorPerField(): Plugin {
  return {
    onExecutionResult({ result }) {
      if (!result || Array.isArray(result) || !('errors' in result)) return
      const single: ExecutionResult = result
      if (!single.errors || single.errors.length < 2) return
      const seen = new Set<string>()
      Object.assign(single, { errors: single.errors.filter((error) => isFirst(error, seen)) })
    },
  }
}

/** Codes of failures of this service. Errors that the request caused are all kept. */
const OURS = /_UNAVAILABLE$|^INTERNAL_SERVER_ERROR$/

function isFirst(error: GraphQLError, seen: Set<string>): boolean {
  const { code } = error.extensions
  const field = error.path?.findLast((part) => typeof part === 'string')
  if (typeof code !== 'string' || !OURS.test(code) || field === undefined) return true
  const key = `${code} ${field}`
  if (seen.has(key)) return false
  seen.add(key)
  return true
}
