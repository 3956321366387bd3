import { Suspense, useEffect, useRef } from 'react'
import { useNavigate } from 'react-router'
import { createStore, useStore } from '../hooks/store.js'
import { part } from './part.js'

const ShortcutsHelp = part(async () => (await import('./ShortcutsHelp.js')).ShortcutsHelp)

const helpOpen = createStore(false)
export const openShortcuts = (): void => helpOpen.set(true)

const PAGE_KEYS: Readonly<Record<string, string>> = {
  o: '/',
  a: '/affinities',
  s: '/savings',
  m: '/mappings',
  p: '/pool-sessions',
  c: '/configuration',
  u: '/audit',
}

export function Shortcuts() {
  const opened = useStore(helpOpen)
  const navigate = useNavigate()
  const goUntil = useRef(0)

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (isTaken(event)) return
      const page = PAGE_KEYS[event.key]
      if (event.key === '/') {
        event.preventDefault()
        document.querySelector<HTMLInputElement>('[data-search]')?.focus()
      } else if (event.key === '?') openShortcuts()
      else if (event.key === 'g') goUntil.current = event.timeStamp + 1_000
      else if (page !== undefined && event.timeStamp < goUntil.current) {
        goUntil.current = 0
        void navigate(page)
      }
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [navigate])

  return <Suspense>{opened && <ShortcutsHelp onClose={() => helpOpen.set(false)} />}</Suspense>
}

/** Tells whether a key press belongs to an input field or to an open dialogue. */
export function isTaken(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return true
  const { target } = event
  if (!(target instanceof HTMLElement)) return false
  return target.closest('input:not([type=checkbox]), textarea, select, [role=dialog], [role=menu]') !== null
}
