import { useQuery } from '@apollo/client/react'
import { ViewerDocument, type ViewerQuery } from '../generated/graphql.js'

/** Who is signed in; undefined until that is known. */
export const useViewer = (): ViewerQuery['viewer'] | undefined =>
  useQuery(ViewerDocument, { fetchPolicy: 'cache-first' }).data?.viewer

/** Clears are shown to those who may; while that is not known they are not. */
export const useCanClear = (): boolean => useViewer()?.canClear ?? false
