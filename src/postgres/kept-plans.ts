import { hash } from 'node:crypto'
import type { SqlQuery, SqlResultSet } from '@prisma/driver-adapter-utils'

/**
 * Texts in the arguments of a statement up to which its plan is kept. A kept plan is made for any arguments, and takes a row
 * at a time from an index; for very many it is better to plan anew.
 */
const MOST_TEXTS = 2_000

/** Whether a statement with these arguments is one whose plan is to be kept. */
export const suitsKeptPlan = (args: readonly (string | readonly string[])[]): boolean =>
  args.reduce((sum, arg) => sum + (typeof arg === 'string' ? 1 : arg.length), 0) <= MOST_TEXTS

/** The driver's codes for a name that this session does not know, or that it has already. */
const NAME_IS_LOST = new Set(['26000', '42P05'])
/** A kept plan whose columns have other types by now. */
const PLAN_IS_OLD = '0A000'

/** Statements whose plans the server keeps, by names that are their hashes: a name means the same in every session. */
export interface KeptPlans {
  /** The name under which the server keeps the plan of this statement; empty: it keeps none. For the adapter. */
  readonly nameOf: (statement: SqlQuery) => string
  /**
   * Runs a statement that only reads, with the plan that the session has of it, or makes one. If a pooler hands each
   * transaction to another session, names are lost: then this statement runs again without a name, and so do all later ones.
   */
  run(statement: SqlQuery, run: (statement: SqlQuery) => Promise<SqlResultSet>): Promise<SqlResultSet>
}

export function createKeptPlans(): KeptPlans {
  const names = new Map<string, string>()
  const named = new WeakSet<SqlQuery>()
  let isKept = true
  let age = 0

  function nameFor(sql: string): string {
    const known = names.get(sql)
    if (known !== undefined) return known
    const name = `affinityql_${age}_${hash('sha1', sql)}`
    names.set(sql, name)
    return name
  }

  /** Whether the statement may run again: it has not begun. */
  function isLost(error: unknown): boolean {
    const code = codeOf(error)
    if (NAME_IS_LOST.has(code)) {
      isKept = false
      return true
    }
    if (code !== PLAN_IS_OLD) return false
    // The session would refuse the name for ever.
    age += 1
    names.clear()
    return true
  }

  return {
    nameOf: (statement) => (named.has(statement) ? nameFor(statement.sql) : ''),
    async run(statement, run) {
      if (!isKept) return run(statement)
      const again = { ...statement }
      named.add(statement)
      try {
        return await run(statement)
      } catch (error) {
        if (!isLost(error)) throw error
        return run(again)
      }
    },
  }
}

/** The driver's code within an error of Prisma's adapter. */
function codeOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined
  const code = typeof cause === 'object' && cause !== null ? Reflect.get(cause, 'originalCode') : undefined
  return typeof code === 'string' ? code : ''
}
