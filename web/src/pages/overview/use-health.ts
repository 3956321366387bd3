import { useEffect, useState } from 'react'
import { authorization } from '../../session/session.js'

const EVERY_MS = 10_000

/** As /health/ready says it; whoever may not see details gets the state alone. */
export interface Health {
  readonly status: 'ready' | 'unavailable' | 'draining'
  readonly dependencies?: Readonly<
    Record<string, { readonly state: 'up' | 'down'; readonly latencyMs?: number }>
  >
  /** Gateways that are asked for their statistics; absent where none is. */
  readonly gateways?: { readonly up: number; readonly down: number }
  readonly brokenRecords?: number
}

/** Undefined until it is known, and while nobody answers. */
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
          // A server that hangs has not said that it is well.
          signal: AbortSignal.any([abort.signal, AbortSignal.timeout(EVERY_MS / 2)]),
        })
        setHealth(await response.json())
      } catch {
        if (!abort.signal.aborted) setHealth(undefined)
      }
    }
    void ask()
    const timer = setInterval(() => void ask(), EVERY_MS)
    return () => {
      clearInterval(timer)
      abort.abort()
    }
  }, [])
  return health
}
