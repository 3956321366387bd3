import { useQuery } from '@apollo/client/react'
import { ViewerDocument, type ViewerQuery } from '../generated/graphql.js'
import { useRecovery } from '../hooks/use-recovery.js'

/** Who is signed in; undefined until that is known. */
export function useViewer(): ViewerQuery['viewer'] | undefined {
  const { data, refetch } = useQuery(ViewerDocument, { fetchPolicy: 'cache-first' })
  // Somebody else may have signed in over the page.
  useRecovery(refetch)
  return data?.viewer
}

/** Clears are shown to those who may; while that is not known they are not. */
export const useCanClear = (): boolean => useViewer()?.canClear ?? false
