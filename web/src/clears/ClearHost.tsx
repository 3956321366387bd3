import { Suspense } from 'react'
import { part } from '../app/part.js'
import { useStore } from '../hooks/store.js'
import { clearTarget } from './clear-store.js'

const ClearDialog = part(async () => (await import('./ClearDialog.js')).ClearDialog)

/** The dialogue is fetched with the first clear, because most visits clear nothing. */
export function ClearHost() {
  const target = useStore(clearTarget)
  return <Suspense>{target && <ClearDialog />}</Suspense>
}
