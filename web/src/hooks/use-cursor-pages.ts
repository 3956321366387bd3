import { useCallback, useMemo, useState } from 'react'

export interface CursorPages {
  /** The cursor of the shown page; null for the first page. */
  readonly after: string | null
  /** 0 for the first page. */
  readonly index: number
  forward(cursor: string): void
  back(): void
}

/** The hook remembers the cursors of earlier pages, because a cursor only leads forward. `of` names what is paged. */
export function useCursorPages(of: string): CursorPages {
  const [state, setState] = useState<{ of: string; cursors: readonly string[] }>({ of, cursors: [] })
  // A new search or filter starts on its first page, without a request for a page of the old one.
  const cursors = useMemo(() => (state.of === of ? state.cursors : []), [state, of])
  const forward = useCallback(
    (cursor: string) => setState({ of, cursors: [...cursors, cursor] }),
    [of, cursors],
  )
  const back = useCallback(() => setState({ of, cursors: cursors.slice(0, -1) }), [of, cursors])
  return { after: cursors.at(-1) ?? null, index: cursors.length, forward, back }
}
