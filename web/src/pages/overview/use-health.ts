import { useEffect, useState } from 'react'
import { withTimeout } from '../../api/timed-fetch.js'
import { watchReturns } from '../../hooks/use-return.js'
import { authorization } from '../../session/session.js'

const EVERY_MS = 10_000

/** The answer of /health/ready; without the right to see details it has only the status. */
export interface Health {
  readonly status: 'ready' | 'unavailable' | 'draining'
  readonly dependencies?: Readonly<
    Record<string, { readonly state: 'up' | 'down'; readonly latencyMs?: number }>
  >
  /** The gateways that are asked for their statistics; absent if none is configured. */
  readonly gateways?: { readonly up: number; readonly down: number }
  readonly brokenRecords?: number
}

/** The hook returns the health of the service; undefined while it is unknown. */
export function useHealth(): Health | undefined {
  const [health, setHealth] = useState<Health>()
  useEffect(() => {
    const abort = new AbortController()
    const ask = async () => {
      if (document.hidden) return
      try {
        const response = await fetch('/health/ready', {
          headers: authorization(),
          cache: 'no-store',
          // A server that hangs is not healthy.
          signal: withTimeout(abort.signal, EVERY_MS / 2),
        })
        setHealth(await response.json())
      } catch {
        if (!abort.signal.aborted) setHealth(undefined)
      }
    }
    void ask()
    const timer = setInterval(() => void ask(), EVERY_MS)
    const stopWatching = watchReturns(EVERY_MS, () => void ask())
    return () => {
      clearInterval(timer)
      stopWatching()
      abort.abort()
    }
  }, [])
  return health
}
