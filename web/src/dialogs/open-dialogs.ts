import { useEffect, useId } from 'react'
import { createStore, useStore } from '../hooks/store.js'

/** The dialogues that are open, the topmost last. */
const openDialogs = createStore<readonly string[]>([])

/** The element that had the focus before each open dialogue. */
const openers = new Map<string, HTMLElement>()

/**
 * The hook keeps a dialogue in its place among the open ones. It returns true while the dialogue is the topmost, which is
 * the one that Esc closes. When the dialogue closes, the focus returns to where it was.
 */
export function useTopmost(opened: boolean): boolean {
  const id = useId()
  const open = useStore(openDialogs)
  useEffect(() => {
    if (!opened) return
    const opener = openerOf(document.activeElement)
    if (opener) openers.set(id, opener)
    openDialogs.set([...openDialogs.get(), id])
    return () => {
      openDialogs.set(openDialogs.get().filter((other) => other !== id))
      giveFocusBack(id)
    }
  }, [opened, id])
  return open.at(-1) === id
}

/** An entry of a menu is gone as soon as it is chosen: the focus returns to the button of the menu. */
function openerOf(focused: Element | null): HTMLElement | null {
  const menu = focused?.closest('[role=menu]')
  const button = menu && document.getElementById(menu.getAttribute('aria-labelledby') ?? '')
  const opener = button ?? focused
  return opener instanceof HTMLElement && opener !== document.body ? opener : null
}

/** What was cleared meanwhile, or scrolled away, has no place for the focus any more: then the page's content gets it. */
function giveFocusBack(id: string): void {
  const opener = openers.get(id)
  openers.delete(id)
  // If it was within another dialogue, that one still holds the focus.
  setTimeout(() => {
    if (document.activeElement !== document.body && document.activeElement !== null) return
    opener?.focus({ preventScroll: true })
    // An element that is gone, or cannot be pressed any more, does not take it.
    if (document.activeElement !== opener) document.getElementById('content')?.focus({ preventScroll: true })
  })
}
