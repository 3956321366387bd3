import { letGoFirst, somethingGoesFirst } from './going-first.js'

interface Waiting {
  readonly since: number
  readonly begin: () => void
}

/** Milliseconds for which pieces follow each other in one turn of the event loop; a larger one is then the last. */
const SLICE_MS = 5

const waiting: Waiting[] = []
/** When the pieces of this turn have taken their time; undefined while none has begun. */
let sliceEndsAt: number | undefined
/** Whether the slice began with a piece that did not wait: it lasts until those have had their chance who came meanwhile. */
let isEarly = false
let isTurning = false

/** Returns for how many milliseconds the first in the line has waited: the event loop has more to do than it gets done. */
export const turnLateness = (): number => {
  const [first] = waiting
  return first === undefined ? 0 : performance.now() - first.since
}

/**
 * Spreads pieces of work over turns of the event loop, in the order of their calls: those of some milliseconds get one each. What
 * stores answer to many in one moment would otherwise be worked off in one turn, with every health probe behind it.
 * @returns undefined for who may go on at once, as the first in a turn
 */
export function ownTurn(): Promise<void> | undefined {
  if (sliceEndsAt === undefined && waiting.length === 0 && !somethingGoesFirst()) {
    isEarly = true
    begin()
    return undefined
  }
  return new Promise((resolve) => {
    waiting.push({ since: performance.now(), begin: resolve })
    // Node runs all immediates of a turn one after the other, and what each has made possible right after it.
    setImmediate(tryNext)
  })
}

function begin(): void {
  sliceEndsAt ??= performance.now() + SLICE_MS
  if (isTurning) return
  isTurning = true
  setImmediate(turn)
}

/** Runs before the first `tryNext` of each turn. */
function turn(): void {
  if (isEarly) isEarly = false
  else sliceEndsAt = undefined
  isTurning = sliceEndsAt !== undefined || waiting.length > 0
  if (isTurning && !letGoFirst(turn)) setImmediate(turn)
}

function tryNext(): void {
  if (letGoFirst(tryNext)) return
  if (sliceEndsAt !== undefined && performance.now() > sliceEndsAt) {
    setImmediate(tryNext)
    return
  }
  begin()
  waiting.shift()?.begin()
}
