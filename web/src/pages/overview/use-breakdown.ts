import { useEffect, useState } from 'react'
import { client } from '../../api/client.js'
import {
  type AffinityFilter,
  BreakdownDocument,
  type BreakdownQuery,
  CountAffinitiesDocument,
} from '../../generated/graphql.js'
import { useAnswer } from '../../hooks/use-answer.js'

export interface Slice {
  readonly id: string
  readonly name: string
  readonly count: number
  readonly filter: AffinityFilter
}

export interface Breakdown {
  readonly total: number
  readonly byProvider: readonly Slice[]
  readonly byModel: readonly Slice[]
  readonly byFormat: readonly Slice[]
  /** Empty where no record tells its client. */
  readonly byClient: readonly Slice[]
}

type Node = BreakdownQuery['affinities']['nodes'][number]
const EVERY_MS = 30_000
const SHOWN = 6

/**
 * The hook counts affinities by provider, model and format. It reads a sample of a thousand records. If there are more,
 * the server counts the largest groups, so that the figures are exact.
 */
export function useBreakdown() {
  const { data, error, ask } = useAnswer(
    BreakdownDocument,
    {},
    { fetchPolicy: 'no-cache', everyMs: EVERY_MS },
  )
  const [breakdown, setBreakdown] = useState<Breakdown>()
  const [countError, setCountError] = useState<unknown>()
  useEffect(() => {
    if (!data) return
    let over = false
    breakDown(data.affinities).then(
      (next) => {
        if (over) return
        setBreakdown(next)
        setCountError(undefined)
      },
      (reason: unknown) => over || setCountError(reason),
    )
    return () => {
      over = true
    }
  }, [data])
  return { breakdown, error: error ?? countError, ask }
}

async function breakDown({ nodes, totalCount }: BreakdownQuery['affinities']): Promise<Breakdown> {
  const exact = totalCount <= nodes.length
  const finish = async (slices: readonly Slice[]): Promise<readonly Slice[]> => {
    const largest = slices.slice(0, SHOWN)
    const counted = exact ? largest : await Promise.all(largest.map(countExactly))
    return [...counted].sort((a, b) => b.count - a.count)
  }
  const told = nodes.filter(({ clientFamily }) => clientFamily !== null)
  const [byProvider, byModel, byFormat, byClient] = await Promise.all([
    finish(sliceBy(nodes, (n) => [n.providerId, n.provider?.displayName, { providerId: n.providerId }])),
    finish(sliceBy(nodes, (n) => [n.modelId, n.modelDisplayName ?? n.modelName, { modelId: n.modelId }])),
    finish(sliceBy(nodes, (n) => [n.apiFormat, n.apiFormat, { apiFormat: n.apiFormat }])),
    finish(sliceBy(told, (n) => [n.clientFamily ?? '', n.clientFamily, { clientFamily: n.clientFamily }])),
  ])
  return { total: totalCount, byProvider, byModel, byFormat, byClient }
}

function sliceBy(
  nodes: readonly Node[],
  part: (node: Node) => readonly [id: string, name: string | null | undefined, filter: AffinityFilter],
): readonly Slice[] {
  const slices = new Map<string, Slice>()
  for (const node of nodes) {
    const [id, name, filter] = part(node)
    slices.set(id, { id, name: name ?? id, filter, count: (slices.get(id)?.count ?? 0) + 1 })
  }
  return [...slices.values()].sort((a, b) => b.count - a.count)
}

async function countExactly(slice: Slice): Promise<Slice> {
  const { data, error } = await client.query({
    query: CountAffinitiesDocument,
    variables: { filter: slice.filter },
    fetchPolicy: 'no-cache',
  })
  // The count of the sample would look like the count of all records.
  if (!data) throw error ?? new Error('no data')
  return { ...slice, count: data.affinities.totalCount }
}
