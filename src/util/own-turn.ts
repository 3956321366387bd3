interface Waiting {
  readonly since: number
  readonly begin: () => void
}

/** Whether somebody has begun in this turn of the event loop. */
let isTaken = false
let waiting: Waiting[] = []

/** Returns for how many milliseconds the first in the line has waited: the event loop has more to do than it gets done. */
export const turnLateness = (): number => {
  const [first] = waiting
  return first === undefined ? 0 : performance.now() - first.since
}

/**
 * Gives pieces of work of some milliseconds a turn of the event loop each, in the order of their calls. What stores answer to
 * many in one moment would otherwise be worked off in one turn, with every health probe behind it.
 * @returns undefined for who may go on at once, as the first in a turn
 */
export function ownTurn(): Promise<void> | undefined {
  if (isTaken) return new Promise((begin) => waiting.push({ since: performance.now(), begin }))
  take()
  return undefined
}

function take(): void {
  isTaken = true
  setImmediate(endTurn)
}

function endTurn(): void {
  isTaken = false
  const [next, ...others] = waiting
  if (next === undefined) return
  waiting = others
  take()
  next.begin()
}
