const LONGEST_WAIT_MS = 2_000
/** For browsers that cannot tell. */
const SOME_TIME_MS = 300

/** Resolves when the browser has nothing else to do, at the latest after two seconds. */
export const idle = (): Promise<void> =>
  new Promise((resolve) => {
    if ('requestIdleCallback' in globalThis)
      requestIdleCallback(() => resolve(), { timeout: LONGEST_WAIT_MS })
    else setTimeout(resolve, SOME_TIME_MS)
  })
