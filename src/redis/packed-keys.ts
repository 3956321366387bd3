/** Keys of one pack. A script that looks at so many takes about half a millisecond of Redis's time. */
const KEYS = 100

/** Keys of one call of a script, without what they have in common. */
export interface PackedKeys {
  /** The keys in the order of `args`. */
  readonly keys: readonly string[]
  /** The beginning of all keys; then, for each ending, the ending, the number of middles, and the middles. */
  readonly args: readonly (string | number)[]
}

/**
 * Packs keys for a script. Keys of one kind begin alike, and what follows their first variable part is often the same, such
 * as a format and a model: Redis has to read half as many bytes if each is sent once.
 */
export function* packKeys(keys: readonly string[]): Generator<PackedKeys, void, undefined> {
  const head = headOf(keys)
  const runs = byEnding(keys, head.length)
  let pack: { keys: string[]; args: (string | number)[] } = { keys: [], args: [head] }
  for (const [ending, middles] of runs) {
    for (let from = 0; from < middles.length; ) {
      const some = middles.slice(from, from + KEYS - pack.keys.length)
      from += some.length
      pack.args.push(ending, some.length, ...some)
      for (const middle of some) pack.keys.push(head + middle + ending)
      if (pack.keys.length < KEYS) continue
      yield pack
      pack = { keys: [], args: [head] }
    }
  }
  if (pack.keys.length > 0) yield pack
}

/** Returns what all keys begin with, up to and with a colon. */
function headOf(keys: readonly string[]): string {
  let head = keys[0] ?? ''
  for (const key of keys) {
    while (!key.startsWith(head)) head = head.slice(0, head.slice(0, -1).lastIndexOf(':') + 1)
  }
  return head.slice(0, head.lastIndexOf(':') + 1)
}

/** Groups the middles by what follows them, from the first colon on; an ending of one key alone is left at its middle. */
function byEnding(keys: readonly string[], headLength: number): Map<string, string[]> {
  const groups = new Map<string, string[]>()
  for (const key of keys) {
    const colon = key.indexOf(':', headLength)
    const end = colon < 0 ? key.length : colon
    const ending = key.slice(end)
    const middle = key.slice(headLength, end)
    const group = groups.get(ending)
    if (group) group.push(middle)
    else groups.set(ending, [middle])
  }
  const alone: string[] = []
  for (const [ending, [middle = '', ...others]] of groups) {
    if (others.length > 0) continue
    alone.push(middle + ending)
    groups.delete(ending)
  }
  if (alone.length > 0) groups.set('', [...(groups.get('') ?? []), ...alone])
  return groups
}
