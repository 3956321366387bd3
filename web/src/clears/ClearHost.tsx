import { lazy, Suspense } from 'react'
import { useStore } from '../hooks/store.js'
import { clearTarget } from './clear-store.js'

const ClearDialog = lazy(async () => ({ default: (await import('./ClearDialog.js')).ClearDialog }))

/** Most visits clear nothing: the dialogue is fetched with the first that does. */
export function ClearHost() {
  const target = useStore(clearTarget)
  return <Suspense>{target && <ClearDialog />}</Suspense>
}
