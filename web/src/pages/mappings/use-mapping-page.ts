import type { TypedDocumentNode } from '@apollo/client'
import { useQuery } from '@apollo/client/react'
import { useMemo } from 'react'
import { useClearedNotice } from '../../clears/clear-store.js'
import { useRecovery } from '../../hooks/use-recovery.js'

export const MAPPING_PAGE = 50

export interface Connection<Node> {
  readonly totalCount: number
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
  readonly nodes: readonly Node[]
}

export interface MappingPage<Node> {
  readonly connection: Connection<Node> | undefined
  readonly loading: boolean
  readonly error: unknown
  /** When the page was read, Unix milliseconds: its TTLs count from there. */
  readonly readAt: number
  refetch(): Promise<unknown>
}

interface PageVariables {
  readonly first: number
  readonly after?: string | null | undefined
  readonly search?: string | null | undefined
}

/** One page of one of the mapping connections; the page before stays until it is there. */
export function useMappingPage<Data, Node>(
  document: TypedDocumentNode<Data, PageVariables>,
  variables: { readonly after: string | null; readonly search?: string | null },
  connectionOf: (data: Data) => Connection<Node>,
): MappingPage<Node> {
  const { data, previousData, loading, error, refetch } = useQuery(document, {
    variables: { first: MAPPING_PAGE, ...variables },
    fetchPolicy: 'no-cache',
    notifyOnNetworkStatusChange: true,
  })
  useRecovery(refetch)
  useClearedNotice(refetch)
  const current = (data ?? previousData) as Data | undefined
  // biome-ignore lint/correctness/useExhaustiveDependencies: the time belongs to the answer
  const readAt = useMemo(() => Date.now(), [data])
  return { connection: current && connectionOf(current), loading, error, readAt, refetch: () => refetch() }
}
