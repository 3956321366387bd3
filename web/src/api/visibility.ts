import { useEffect, useState } from 'react'

const HIDDEN_FOR_MS = 20_000

/**
 * Returns false after the tab was hidden for a while. A browser opens six connections to a server over HTTP/1.1, and
 * each subscription holds one. Hidden tabs close theirs, because a seventh request would have to wait.
 */
export function useAttention(): boolean {
  const [attended, setAttended] = useState(true)
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const update = () => {
      clearTimeout(timer)
      if (document.visibilityState === 'visible') setAttended(true)
      else timer = setTimeout(() => setAttended(false), HIDDEN_FOR_MS)
    }
    document.addEventListener('visibilitychange', update)
    return () => {
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', update)
    }
  }, [])
  return attended
}
