import { useSyncExternalStore } from 'react'

/** One timer for every countdown on the page, on the full second; none while nothing counts. */
const listeners = new Set<() => void>()
let timer: ReturnType<typeof setTimeout> | undefined
let now = Date.now()

function tick(): void {
  now = Date.now()
  for (const listener of listeners) listener()
  timer = setTimeout(tick, 1_000 - (Date.now() % 1_000))
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  if (listeners.size === 1) tick()
  return () => {
    listeners.delete(listener)
    if (listeners.size === 0) clearTimeout(timer)
  }
}

/** Unix milliseconds, anew every second. */
export const useNow = (): number => useSyncExternalStore(subscribe, () => now)
