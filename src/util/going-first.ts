/** Milliseconds for which other work waits at most: a store that work goes first for may hang. */
const LONGEST_MS = 20

let ahead = 0
let waiting: (() => void)[] = []

/**
 * Runs work that costs next to nothing but waits for stores, such as that of a health probe. No large piece of other work
 * begins meanwhile, so that what a store answers is read as soon as it is there, and not after a long turn of the event loop.
 */
export async function goingFirst<T>(work: () => Promise<T>): Promise<T> {
  let isAhead = true
  ahead += 1
  const end = () => {
    if (!isAhead) return
    isAhead = false
    ahead -= 1
    clearTimeout(timer)
    if (ahead > 0) return
    const begun = waiting
    waiting = []
    for (const begin of begun) setImmediate(begin)
  }
  const timer = setTimeout(end, LONGEST_MS)
  try {
    return await work()
  } finally {
    end()
  }
}

/** Whether other work is to wait now. */
export const somethingGoesFirst = (): boolean => ahead > 0

/** Calls back in a turn of the event loop in which nothing goes first. @returns false if there is nothing to wait for */
export function letGoFirst(begin: () => void): boolean {
  if (ahead === 0) return false
  waiting.push(begin)
  return true
}
