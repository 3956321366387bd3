import { useEffect, useRef } from 'react'
import { passesByItself } from '../api/errors.js'
import { backOff } from '../api/live-stream.js'

interface Asked {
  /** The failure of the latest question; undefined if it was answered. */
  readonly error: unknown
  readonly loading: boolean
}

/**
 * The hook asks again after a failure that passes by itself, with exponential backoff, so that nobody has to press a button
 * once a store is back. A hidden tab asks nothing.
 */
export function useRepeat({ error, loading }: Asked, ask: () => unknown): void {
  const attempts = useRef(0)
  const latest = useRef(ask)
  latest.current = ask
  useEffect(() => {
    if (loading) return
    if (error === undefined || !passesByItself(error)) {
      attempts.current = 0
      return
    }
    let timer: ReturnType<typeof setTimeout> | undefined
    const wait = () => {
      timer = setTimeout(() => (document.hidden ? wait() : latest.current()), backOff(attempts.current))
    }
    wait()
    attempts.current += 1
    return () => clearTimeout(timer)
  }, [error, loading])
}
