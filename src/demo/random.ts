/** Returns a random number x with 0 ≤ x < 1, like Math.random; tests inject a seeded generator. */
export type Random = () => number

/**
 * Picks a random item.
 * @throws RangeError if there is none
 */
export function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[Math.floor(random() * items.length)]
  if (item === undefined) throw new RangeError('Nothing to pick from.')
  return item
}

/** Draws a whole number between two limits, both included. */
export const between = (random: Random, least: number, most: number): number =>
  least + Math.floor(random() * (most - least + 1))
