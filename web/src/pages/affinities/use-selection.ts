import { useCallback, useEffect, useMemo, useState } from 'react'

export interface Selection {
  readonly ids: ReadonlySet<string>
  toggle(id: string): void
  all(ids: readonly string[]): void
  none(): void
}

const NONE: ReadonlySet<string> = new Set()

/** The hook holds the ticked rows. `of` names the page: rows of another page must not stay selected. */
export function useSelection(of: string): Selection {
  const [ids, setIds] = useState(NONE)
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page empties the selection
  useEffect(() => setIds(NONE), [of])
  const toggle = useCallback(
    (id: string) =>
      setIds((before) => {
        const next = new Set(before)
        if (!next.delete(id)) next.add(id)
        return next
      }),
    [],
  )
  return useMemo(
    () => ({ ids, toggle, all: (every) => setIds(new Set(every)), none: () => setIds(NONE) }),
    [ids, toggle],
  )
}
