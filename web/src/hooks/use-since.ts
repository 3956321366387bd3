import { useEffect, useState } from 'react'
import { useReturn } from './use-return.js'

const EVERY_MS = 30_000

/** Returns what `sinceOf` makes of the time now, again and again, except while the tab is hidden. */
export function useSince(sinceOf: (now: number) => string): string {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => document.hidden || setNow(Date.now()), EVERY_MS)
    return () => clearInterval(timer)
  }, [])
  useReturn(() => setNow(Date.now()), EVERY_MS)
  return sinceOf(now)
}
