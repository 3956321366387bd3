import { useEffect, useRef, useState } from 'react'
import { isTaken } from '../../../app/Shortcuts.js'
import { rowAfter } from './row-after.js'

interface RowKeyActions {
  readonly onOpen: (id: string) => void
  readonly onToggle: (id: string) => void
  /** Scrolls the row into view, so that it is drawn and can be focused. */
  readonly show: (index: number) => void
}

/** Arrows belong to what has the focus: to the rows, or to nothing, but not to a button or a menu elsewhere. */
const isForRows = (key: string, target: Element): boolean =>
  key.length === 1 || target === document.body || target.closest('.rows') !== null || target.tagName === 'H1'

function focusRow(index: number): boolean {
  const row = document.querySelector<HTMLElement>(`tr[data-row="${index}"]`)
  row?.focus({ preventScroll: true })
  return row !== null
}

/** The arrows, j and k move between rows, Enter opens and x selects. Returns the row that Tab leads to. */
export function useRowKeys(ids: readonly string[], actions: RowKeyActions): number {
  const [active, setActive] = useState(0)
  const latest = useRef({ ids, active, actions })
  latest.current = { ids, active, actions }

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (isTaken(event)) return
      const { ids: rows, active: at, actions: act } = latest.current
      // The row that has the focus, which a click may have given to it.
      const row = event.target instanceof Element ? event.target.closest<HTMLElement>('tr[data-row]') : null
      const onRow = row !== null && row === event.target
      const here = row ? Number(row.dataset['row']) : at
      const id = rows[here]
      const next =
        rows.length > 0 && event.target instanceof Element && isForRows(event.key, event.target)
          ? rowAfter(event.key, here, row !== null, rows.length - 1)
          : null
      if (next !== null) {
        // The list scrolls to the row, and not by itself as well.
        event.preventDefault()
        setActive(next)
        act.show(next)
        // At once where it is drawn, so that the next press counts from there.
        if (!focusRow(next)) requestAnimationFrame(() => focusRow(next))
      } else if (onRow && id !== undefined && event.key === 'Enter') act.onOpen(id)
      else if (onRow && id !== undefined && event.key === 'x') act.onToggle(id)
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])
  return Math.min(active, Math.max(ids.length - 1, 0))
}
