/** Counts the calls to each node, so that the gateway's own limit on a token is never met. */
export interface CallBudget {
  /** The calls that this node may still get in this minute. */
  left(url: string): number
  /** @returns false if this node may not be called now */
  take(url: string): boolean
}

const MINUTE_MS = 60_000

/** @param perMinute the limit now: it depends on the gateway, which may be replaced while the service runs */
export function createCallBudget(perMinute: () => number, now: () => number): CallBudget {
  const calls = new Map<string, number[]>()
  const recent = (url: string): number[] => {
    const kept = (calls.get(url) ?? []).filter((at) => at > now() - MINUTE_MS)
    calls.set(url, kept)
    return kept
  }
  const left = (url: string): number => Math.max(0, perMinute() - recent(url).length)
  return {
    left,
    take(url) {
      if (left(url) === 0) return false
      if (perMinute() !== Number.POSITIVE_INFINITY) recent(url).push(now())
      return true
    },
  }
}
