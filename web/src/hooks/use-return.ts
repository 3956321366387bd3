import { useEffect, useRef } from 'react'

/**
 * Calls back when a tab is shown again that was hidden for so long: what it asks from time to time is old by then.
 * @returns how to stop
 */
export function watchReturns(afterMs: number, onReturn: () => void): () => void {
  let hiddenAt = document.hidden ? Date.now() : undefined
  const update = () => {
    if (document.hidden) hiddenAt ??= Date.now()
    else {
      const isOld = hiddenAt !== undefined && Date.now() - hiddenAt >= afterMs
      hiddenAt = undefined
      if (isOld) onReturn()
    }
  }
  document.addEventListener('visibilitychange', update)
  return () => document.removeEventListener('visibilitychange', update)
}

/** The hook runs `ask` when the tab is shown again after it was hidden for so many milliseconds; 0: never. */
export function useReturn(ask: () => unknown, afterMs: number): void {
  const latest = useRef(ask)
  latest.current = ask
  useEffect(() => (afterMs > 0 ? watchReturns(afterMs, () => void latest.current()) : undefined), [afterMs])
}
