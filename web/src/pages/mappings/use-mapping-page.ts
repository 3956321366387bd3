import type { TypedDocumentNode } from '@apollo/client'
import { type Answer, useAnswer } from '../../hooks/use-answer.js'

export const MAPPING_PAGE = 50

export interface Connection<Node> {
  readonly totalCount: number
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
  readonly nodes: readonly Node[]
}

export interface MappingPage<Node> {
  readonly connection: Connection<Node> | undefined
  /** The TTLs of the rows count from the time at which the answer was read. */
  readonly answer: Answer<unknown>
}

interface PageVariables {
  readonly first: number
  readonly after?: string | null | undefined
  readonly search?: string | null | undefined
}

/** The hook reads a page of a mapping connection. The page before stays until it is loaded. */
export function useMappingPage<Data, Node>(
  document: TypedDocumentNode<Data, PageVariables>,
  variables: { readonly after: string | null; readonly search?: string | null },
  connectionOf: (data: Data) => Connection<Node>,
): MappingPage<Node> {
  const answer = useAnswer<Data, PageVariables & Record<string, unknown>>(
    document as TypedDocumentNode<Data, PageVariables & Record<string, unknown>>,
    { first: MAPPING_PAGE, ...variables },
  )
  return { connection: answer.data && connectionOf(answer.data), answer }
}
