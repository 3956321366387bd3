import type { ExecutionResult, GraphQLError } from 'graphql'
import type { Plugin } from 'graphql-yoga'

/**
 * While the database is gone, or answers with something else than was expected, every joined field of every record
 * fails for the same reason. The client gets one such error for each field name, with the path of the first, rather
 * than a thousand.
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

/** Codes of what went wrong here; what is wrong with a request is told each time. */
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
