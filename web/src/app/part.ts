import { type ComponentType, type LazyExoticComponent, lazy } from 'react'
import { reportLost, whenConnected } from '../api/connectivity.js'

/**
 * Fetches a part of the console that has its own script. If the server is gone for a moment, the part is fetched again
 * when the server is back. If the server answers without the script, the console has been updated.
 */
export async function fetchPart<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch {
    reportLost()
    await whenConnected()
    return load()
  }
}

/** Makes a component that is fetched when it is first drawn. */
export const part = <Props>(
  load: () => Promise<ComponentType<Props>>,
): LazyExoticComponent<ComponentType<Props>> => lazy(async () => ({ default: await fetchPart(load) }))

const LONGEST_WAIT_MS = 2_000
/** Browsers without requestIdleCallback wait this long. */
const SOME_TIME_MS = 300

/** Resolves when the browser has nothing else to do, at the latest after two seconds. */
export const idle = (): Promise<void> =>
  new Promise((resolve) => {
    if ('requestIdleCallback' in globalThis)
      requestIdleCallback(() => resolve(), { timeout: LONGEST_WAIT_MS })
    else setTimeout(resolve, SOME_TIME_MS)
  })
