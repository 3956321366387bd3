/**
 * Finds the largest groups, and of equal ones those that come first by value. All of 100,000 groups may be equal: to sort them
 * would take longer than to count their records, so that only those are compared which may still be among the first.
 */
export class LargestGroups {
  readonly #first: number
  #kept: (readonly [value: string, count: number])[] = []
  /** No group after this one is among the first. */
  #last: readonly [value: string, count: number] | undefined
  groupCount = 0
  grouped = 0

  /** @param first number of groups that are found, 1 or more */
  constructor(first: number) {
    this.#first = first
  }

  /** @param value is asked only if the count does not decide */
  add(count: number, value: () => string): void {
    this.groupCount += 1
    this.grouped += count
    if (this.#last && count < this.#last[1]) return
    const group = [value(), count] as const
    if (this.#last && inOrder(this.#last, group) < 0) return
    this.#kept.push(group)
    if (this.#kept.length >= 2 * this.#first) this.#cut()
  }

  /** Returns the first groups, largest first, then by value. */
  get groups(): readonly (readonly [value: string, count: number])[] {
    return this.#kept.sort(inOrder).slice(0, this.#first)
  }

  #cut(): void {
    this.#kept = this.#kept.sort(inOrder).slice(0, this.#first)
    this.#last = this.#kept.at(-1)
  }
}

/** Finds the largest groups of counts that are there. */
export function largestOf(counts: ReadonlyMap<string, number>, first: number) {
  const largest = new LargestGroups(first)
  for (const [value, count] of counts) largest.add(count, () => value)
  const { groupCount, grouped, groups } = largest
  return { groupCount, grouped, groups }
}

function inOrder([a, inA]: readonly [string, number], [b, inB]: readonly [string, number]): number {
  return inB - inA || (a < b ? -1 : a > b ? 1 : 0)
}
