import { Suspense } from 'react'
import { part } from '../app/part.js'
import { useStore } from '../hooks/store.js'
import { clearTarget } from './clear-store.js'

const ClearDialog = part(async () => (await import('./ClearDialog.js')).ClearDialog)

/** Most visits clear nothing: the dialogue is fetched with the first that does. */
export function ClearHost() {
  const target = useStore(clearTarget)
  return <Suspense>{target && <ClearDialog />}</Suspense>
}
