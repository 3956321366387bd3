import { useCallback } from 'react'
import { useSearchParams } from 'react-router'

export type ChangeAddress = (values: Readonly<Record<string, string | null>>, replace?: boolean) => void

/**
 * The hook reads the parameters of the address, and changes some of them: null and the empty text take one out. `replace`: the
 * back button does not step to the address of before.
 */
export function useAddress(): readonly [URLSearchParams, ChangeAddress] {
  const [params, setParams] = useSearchParams()
  const change = useCallback<ChangeAddress>(
    (values, replace = false) =>
      setParams(
        (before) => {
          const next = new URLSearchParams(before)
          for (const [name, value] of Object.entries(values)) {
            if (value === null || value === '') next.delete(name)
            else next.set(name, value)
          }
          return next
        },
        { replace, preventScrollReset: true },
      ),
    [setParams],
  )
  return [params, change]
}
