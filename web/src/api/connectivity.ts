import { createStore } from '../hooks/store.js'

export interface Connectivity {
  /** The server has not answered since this time, Unix milliseconds; null while it answers. */
  readonly lostAt: number | null
  /** The number grows each time the server is back, so that pages read their data again. */
  readonly recoveries: number
}

const FIRST_DELAY_MS = 500
const LONGEST_DELAY_MS = 8_000
/** After so long without a word from the server it is asked whether it lives, and given so long for the answer. */
const SILENCE_MS = 4_500
const PROBE_MS = 4_500
const LOOK_EVERY_MS = 500

export const connectivity = createStore<Connectivity>({ lostAt: null, recoveries: 0 })

let timer: ReturnType<typeof setTimeout> | undefined
let delay = FIRST_DELAY_MS
let probing = false

let heardAt = Date.now()

/** The server has said something. */
export function heardServer(): void {
  heardAt = Date.now()
}

/**
 * Asks a silent server whether it lives, so that one which hangs, with its connections open, is known as lost within
 * 10 s. Returns a function that stops it. A hidden tab asks nothing.
 */
export function watchSilence(): () => void {
  let asking = false
  const ask = async () => {
    asking = true
    try {
      await askServer(PROBE_MS)
      heardServer()
    } catch {
      reportLost()
    }
    asking = false
  }
  const timer = setInterval(() => {
    if (asking || document.hidden || connectivity.get().lostAt !== null) return
    if (Date.now() - heardAt >= SILENCE_MS) void ask()
  }, LOOK_EVERY_MS)
  return () => clearInterval(timer)
}

/** @throws also if a proxy answers in place of the server */
async function askServer(withinMs: number): Promise<void> {
  const { ok } = await fetch('/health/live', { cache: 'no-store', signal: AbortSignal.timeout(withinMs) })
  if (!ok) throw new Error('not live')
}

/** A request got no answer. The console now probes the server with exponential backoff until it answers. */
export function reportLost(): void {
  const { lostAt, recoveries } = connectivity.get()
  if (lostAt !== null) return
  connectivity.set({ lostAt: Date.now(), recoveries })
  delay = FIRST_DELAY_MS
  schedule()
}

function schedule(): void {
  clearTimeout(timer)
  // Jitter keeps many open consoles from coming back at the same moment.
  timer = setTimeout(probe, delay * (0.75 + Math.random() / 2))
  delay = Math.min(delay * 2, LONGEST_DELAY_MS)
}

/** Probes the server now. */
export async function probe(): Promise<void> {
  if (probing || connectivity.get().lostAt === null) return
  probing = true
  clearTimeout(timer)
  try {
    await askServer(4_000)
    heardServer()
    connectivity.set({ lostAt: null, recoveries: connectivity.get().recoveries + 1 })
  } catch {
    schedule()
  } finally {
    probing = false
  }
}

/** Resolves when the server answers; at once while it does. */
export function whenConnected(): Promise<void> {
  if (connectivity.get().lostAt === null) return Promise.resolve()
  return new Promise((resolve) => {
    const stop = connectivity.subscribe(() => {
      if (connectivity.get().lostAt !== null) return
      stop()
      resolve()
    })
  })
}

export function watchBrowserConnectivity(): void {
  addEventListener('offline', reportLost)
  addEventListener('online', () => void probe())
}
