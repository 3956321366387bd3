/** A node of a plan, as `EXPLAIN (FORMAT JSON)` has it. */
interface PlanNode {
  readonly 'Node Type'?: string
  readonly 'Relation Name'?: string
  readonly 'Plan Rows'?: number
  readonly 'Index Cond'?: string
  readonly Plans?: readonly PlanNode[]
}

/** @param answer the one field of the one row that EXPLAIN answers with; drivers differ in whether they parse it */
export function planOf(answer: unknown): PlanNode {
  const [first] = (typeof answer === 'string' ? JSON.parse(answer) : answer) as readonly { Plan?: PlanNode }[]
  return first?.Plan ?? {}
}

export const plannedRows = (plan: PlanNode): number => plan['Plan Rows'] ?? 0

/** The node that reads the table; of a bitmap scan the one that reads its index. */
function scansOf(plan: PlanNode, table: string): readonly PlanNode[] {
  if (plan['Relation Name'] !== table) return (plan.Plans ?? []).flatMap((below) => scansOf(below, table))
  const hasBitmap = plan['Node Type'] === 'Bitmap Heap Scan'
  return [hasBitmap ? { ...plan, 'Index Cond': conditionsOf(plan.Plans ?? []) } : plan]
}

const conditionsOf = (nodes: readonly PlanNode[]): string =>
  nodes.map((node) => `${node['Index Cond'] ?? ''} ${conditionsOf(node.Plans ?? [])}`).join(' ')

/** Whether the statement finds the rows of its period by an index, and so reads no others. */
export const readsByTime = (plan: PlanNode): boolean =>
  scansOf(plan, 'usage').every((node) => node['Index Cond']?.includes('created_at') === true)

/**
 * The rows of the usage table that a plan reads, as far as the planner can tell: it says only how many come out of a scan.
 * @param ofTable rows of the whole table
 * @param ofPeriod rows of the period
 */
export function rowsRead(plan: PlanNode, ofTable: number, ofPeriod: number): number {
  const counts = scansOf(plan, 'usage').map((node) => {
    const condition = node['Index Cond']
    if (!condition?.trim()) return ofTable
    if (condition.includes('created_at')) return plannedRows(node)
    // The planner takes conditions to be independent: without that on the time, so many times as many come out.
    return Math.min(ofTable, (plannedRows(node) * ofTable) / Math.max(ofPeriod, 1))
  })
  return Math.max(0, ...counts)
}
