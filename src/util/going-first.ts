/** Milliseconds for which other work waits at most: a store that work goes first for may hang. */
const LONGEST_MS = 20

let ahead = 0
let waiting: (() => void)[] = []
/** Begins what waits, also while others go first that came later. */
let patience: NodeJS.Timeout | undefined
/** How often what waited was begun in this turn of the event loop. Nothing goes first until it has had its chance. */
let begunNow = 0

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
    if (ahead === 0) beginOthers()
  }
  const timer = setTimeout(end, LONGEST_MS)
  try {
    return await work()
  } finally {
    end()
  }
}

function beginOthers(): void {
  clearTimeout(patience)
  patience = undefined
  if (waiting.length === 0) return
  const begun = waiting
  waiting = []
  begunNow += 1
  for (const begin of begun) setImmediate(begin)
  setImmediate(() => {
    begunNow -= 1
  })
}

/** Whether other work is to wait now. */
export const somethingGoesFirst = (): boolean => ahead > 0 && begunNow === 0

/** Calls back in a turn of the event loop in which nothing goes first. @returns false if there is nothing to wait for */
export function letGoFirst(begin: () => void): boolean {
  if (!somethingGoesFirst()) return false
  waiting.push(begin)
  patience ??= setTimeout(beginOthers, LONGEST_MS)
  return true
}
