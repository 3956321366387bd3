/** The number of characters in a key head, one byte each, and the greatest value of a byte. */
const CHARACTERS = 6
const LAST = 255
const HEADS = 2 ** (8 * CHARACTERS)

/**
 * Creates a function that returns the head of a key: a number that sorts like the key's first characters, so that of two
 * keys the smaller one never has the greater head (abbreviated keys). Most comparisons then need two numbers, and not two
 * strings, which cost a cache miss each and begin with the same prefix.
 *
 * A head encodes which prefix the key has, and the six characters after it. Characters after the first one beyond Latin-1
 * are ignored.
 * @param roots the prefixes, ascending; none is the beginning of another; at most 15
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
