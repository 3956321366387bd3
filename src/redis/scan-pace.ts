/** The COUNT of a walk's first step, and of all steps where Redis does not tell the time. */
const FIRST = 500
/** So few take Redis less than 1 ms on any machine: a step that took longer waited for something else than its keys. */
const FEWEST = 50
const MOST = 4_000
/** Microseconds of Redis's time. A step above them is too long for the gateway's commands, which wait for it, and take 30 to 100. */
const LONG_US = 300
/** Microseconds below which a step may grow. */
const SHORT_US = 150

/**
 * The pace of one walk: how many keys the next SCAN looks at, by the time that Redis took for those before. A step that took
 * too long is followed by one of half its size or less; a quick one by one that is half as large again.
 */
export class ScanPace {
  #count = FIRST

  /** The COUNT of the next step. */
  get count(): number {
    return this.#count
  }

  /** @param us microseconds that Redis took for a step of `count` keys; undefined if it did not tell */
  took(us: number | undefined, count: number): void {
    if (us === undefined) return
    if (us > LONG_US) this.#count = Math.max(FEWEST, Math.floor((count * LONG_US) / (2 * us)))
    else if (us < SHORT_US) this.#count = Math.min(MOST, Math.max(this.#count, Math.ceil(count * 1.5)))
  }
}

/**
 * Returns the microseconds between two replies of TIME, each seconds and microseconds; undefined where Redis refused one.
 */
export function microsecondsBetween(before: unknown, after: unknown): number | undefined {
  if (!Array.isArray(before) || !Array.isArray(after)) return undefined
  const [fromSeconds, fromUs] = before.map(Number)
  const [toSeconds, toUs] = after.map(Number)
  const us = ((toSeconds ?? 0) - (fromSeconds ?? 0)) * 1_000_000 + (toUs ?? 0) - (fromUs ?? 0)
  // The clock may have been set meanwhile.
  return us >= 0 ? us : undefined
}
