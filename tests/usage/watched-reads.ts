/** What PostgreSQL does for the statements over usage rows. */
import type { Database } from '../../src/postgres/database.js'

/** A node of a plan, as `EXPLAIN (FORMAT JSON)` has it. */
export interface PlanNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly 'Index Cond'?: string
  readonly 'Shared Hit Blocks'?: number
  readonly 'Shared Read Blocks'?: number
  readonly Plans?: readonly PlanNode[]
}

export interface WatchedRead {
  readonly sql: string
  readonly ms: number
  readonly plan: PlanNode
}

export const nodesOf = (plan: PlanNode): readonly PlanNode[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)]

/** A database that notes each long statement and, run or asked for with the same settings, its plan. */
export function watchReads(
  database: Database,
  { analyze = false } = {},
): { readonly database: Database; readonly taken: () => WatchedRead[] } {
  let reads: WatchedRead[] = []
  const explain = `EXPLAIN (FORMAT JSON${analyze ? ', ANALYZE, BUFFERS, TIMING off' : ''})`
  return {
    database: {
      ...database,
      async readLong(read) {
        if (read.sql.startsWith('EXPLAIN')) return database.readLong(read)
        const started = performance.now()
        const rows = await database.readLong(read)
        const ms = performance.now() - started
        const [[answer] = []] = await database.readLong({ ...read, sql: `${explain} ${read.sql}` })
        const [{ Plan: plan }] = typeof answer === 'string' ? JSON.parse(answer) : answer
        reads.push({ sql: read.sql, ms, plan })
        return rows
      },
    },
    taken() {
      const all = reads
      reads = []
      return all
    },
  }
}
