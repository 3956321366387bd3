import { createHash } from 'node:crypto'

export type DemoKind =
  | 'user'
  | 'api key'
  | 'provider'
  | 'endpoint'
  | 'provider key'
  | 'global model'
  | 'model'
  | 'system config'

/** Derives the UUID of a demo row from its name. It is the same at every start, so that links into the demo stay valid. */
export function demoId(kind: DemoKind, name: string): string {
  const hex = createHash('sha256').update(`affinityql demo/${kind}/${name}`).digest('hex')
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16)
  const groups = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ]
  return groups.join('-')
}

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
