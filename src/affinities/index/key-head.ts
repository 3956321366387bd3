/** A head's characters, a byte each, and the greatest value of one. */
const CHARACTERS = 6
const LAST = 255
const HEADS = 2 ** (8 * CHARACTERS)

/**
 * Makes a function that gives a number for a key which orders keys as their text does, as far as it goes: of two keys,
 * the one that sorts first never has the greater number. So most ties are broken by two numbers that lie at hand, where
 * comparing texts would fetch two strings from far memory, and skip the prefix that all keys of a family share.
 *
 * The number is which prefix a key has, then six characters after it. From the first beyond Latin-1 on, nothing more can
 * be told apart.
 * @param roots prefixes, ascending, none of which begins with another; at most 15
 */
export function createKeyHead(roots: readonly string[]): (key: string) => number {
  if (roots.length > 15) throw new RangeError('A head has room for 15 prefixes.')
  return (key) => {
    for (let place = 0; place < roots.length; place++) {
      const root = roots[place] ?? ''
      if (key.startsWith(root)) return (2 * place + 1) * HEADS + charactersOf(key, root.length)
      if (key < root) return 2 * place * HEADS
    }
    return 2 * roots.length * HEADS
  }
}

function charactersOf(key: string, start: number): number {
  let head = 0
  let exact = true
  for (let place = 0; place < CHARACTERS; place++) {
    const at = start + place
    const code: number = exact && at < key.length ? key.charCodeAt(at) : 0
    exact &&= code < LAST
    head = head * 256 + Math.min(code, LAST)
  }
  return head
}
