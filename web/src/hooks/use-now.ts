import { useSyncExternalStore } from 'react'

/** One timer drives all countdowns of the page on the full second. It stops if there is no countdown. */
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

/** Returns the current time, Unix milliseconds, updated every second. */
export const useNow = (): number => useSyncExternalStore(subscribe, () => now)
