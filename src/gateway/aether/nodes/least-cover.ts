/** Two sides that both reach the same records, such as a provider and an API key. */
export interface Pair {
  readonly left: string
  readonly right: string
}

export interface Cover {
  readonly left: ReadonlySet<string>
  readonly right: ReadonlySet<string>
}

/**
 * Finds the fewest names such that each pair has one of them, of those names that may be used: a minimum vertex cover of a
 * bipartite graph, by König's theorem from a maximum matching. A pair of which neither name may be used stays uncovered.
 */
export function leastCover(
  pairs: readonly Pair[],
  may: { readonly left: (id: string) => boolean; readonly right: (id: string) => boolean },
): Cover {
  const cover = { left: new Set<string>(), right: new Set<string>() }
  // A pair with one usable name needs that name, whatever else is chosen: nothing covers it for less.
  for (const { left, right } of pairs) {
    if (may.left(left) && !may.right(right)) cover.left.add(left)
    if (!may.left(left) && may.right(right)) cover.right.add(right)
  }
  const neighbours = new Map<string, string[]>()
  for (const { left, right } of pairs) {
    if (!may.left(left) || !may.right(right) || cover.left.has(left) || cover.right.has(right)) continue
    const known = neighbours.get(left)
    if (known) known.push(right)
    else neighbours.set(left, [right])
  }
  const matching = maximumMatching(neighbours)
  const matched = new Set(matching.values())
  // König: walk from the unmatched left names along alternating paths. The cover is the left not reached and the right reached.
  const reached = new Set([...neighbours.keys()].filter((left) => !matched.has(left)))
  const queue = [...reached]
  for (let left = queue.pop(); left !== undefined; left = queue.pop()) {
    for (const right of neighbours.get(left) ?? []) {
      if (cover.right.has(right)) continue
      cover.right.add(right)
      const next = matching.get(right)
      if (next !== undefined && !reached.has(next)) {
        reached.add(next)
        queue.push(next)
      }
    }
  }
  for (const left of neighbours.keys()) if (!reached.has(left)) cover.left.add(left)
  return cover
}

/** Kuhn's algorithm. @returns for each matched right name its left name */
function maximumMatching(neighbours: ReadonlyMap<string, readonly string[]>): Map<string, string> {
  const leftOf = new Map<string, string>()
  const rightOf = new Map<string, string>()
  for (const start of neighbours.keys()) {
    // A breadth-first search for an augmenting path; `cameFrom` leads back along it.
    const cameFrom = new Map<string, string>()
    let queue = [start]
    let end: string | undefined
    while (queue.length > 0 && end === undefined) {
      const next: string[] = []
      for (const left of queue) {
        for (const right of neighbours.get(left) ?? []) {
          if (end !== undefined || cameFrom.has(right)) continue
          cameFrom.set(right, left)
          const taken = leftOf.get(right)
          if (taken === undefined) end = right
          else next.push(taken)
        }
      }
      queue = next
    }
    while (end !== undefined) {
      const left: string = cameFrom.get(end) ?? start
      const before = rightOf.get(left)
      leftOf.set(end, left)
      rightOf.set(left, end)
      end = left === start ? undefined : before
    }
  }
  return leftOf
}
