import { AFFINITY_PREFIX } from '../affinity-key.js'

const CHARACTERS = 6
const LAST = 255

/**
 * A number that orders keys as their text does, as far as it goes: of two keys, the one that sorts first never has the
 * greater number. So most ties are broken by two numbers that lie at hand, where comparing texts would fetch two
 * strings from far memory, and skip the prefix that all affinity keys share.
 *
 * Six characters after the prefix, a byte each. From the first beyond Latin-1 on, nothing more can be told apart.
 */
export function keyHead(key: string): number {
  if (!key.startsWith(AFFINITY_PREFIX)) return key < AFFINITY_PREFIX ? -1 : 2 ** (8 * CHARACTERS)
  let head = 0
  let exact = true
  for (let place = 0; place < CHARACTERS; place++) {
    const at = AFFINITY_PREFIX.length + place
    const code: number = exact && at < key.length ? key.charCodeAt(at) : 0
    exact &&= code < LAST
    head = head * 256 + Math.min(code, LAST)
  }
  return head
}
