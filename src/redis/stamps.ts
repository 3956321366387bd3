/**
 * Stamps: 32 bits of the SHA-1 of a value and of the time when Redis removes it. Redis computes them itself, so that values
 * are compared without being sent.
 */
import { hash } from 'node:crypto'
import { Cluster, Command, type Redis } from 'ioredis'
import { isRefusal } from './cache-errors.js'
import { masterNodes, type RedisClient } from './client.js'
import { packKeys } from './packed-keys.js'

/**
 * Returns 8 hexadecimal digits for each key; dashes for a key that is gone, of another type, or of a slot that moves. The keys
 * are arguments and not KEYS: in a cluster they lie in several slots, and this only reads those of the node that is asked.
 */
const STAMPS = `
local out, call, try, sha1, sub = {}, redis.call, redis.pcall, redis.sha1hex, string.sub
local head, at, n = ARGV[1], 2, 0
while at < #ARGV do
  local ending, last = ARGV[at], at + 1 + ARGV[at + 1]
  for i = at + 2, last do
    local key = head .. ARGV[i] .. ending
    local value = try('GET', key)
    n = n + 1
    out[n] = type(value) == 'string' and sub(sha1(value .. call('PEXPIRETIME', key)), 1, 8) or '--------'
  end
  at = last + 1
end
return table.concat(out)`

const DIGITS = 8

/**
 * Returns the stamp of a value, a 32-bit integer.
 * @param expiryMs Unix milliseconds when Redis removes it; -1 for never
 */
export const stampOf = (value: string, expiryMs: number): number =>
  Number.parseInt(hash('sha1', `${value}${expiryMs}`).slice(0, DIGITS), 16) | 0

export interface Stamps {
  /** The stamp of each key; null if it has no value that can be read. */
  readonly stamps: ReadonlyMap<string, number | null>
  /** About the bytes that were sent and received. */
  readonly bytes: number
}

/**
 * Asks Redis for the stamps of keys, with one script for some 200 keys of a server, one after the other.
 * @returns undefined if this Redis refuses such a script: without the right to EVAL, before Redis 7, or behind some proxies
 * @throws what ioredis throws
 */
export async function readStamps(client: RedisClient, keys: readonly string[]): Promise<Stamps | undefined> {
  const stamps = new Map<string, number | null>()
  let bytes = 0
  try {
    for (const [node, itsKeys] of byNode(client, keys)) {
      for (const { keys: packed, args } of packKeys(itsKeys)) {
        const reply = String(await node.eval(STAMPS, 0, ...args))
        packed.forEach((key, n) => {
          const digits = reply.slice(n * DIGITS, (n + 1) * DIGITS)
          stamps.set(key, digits.startsWith('-') ? null : Number.parseInt(digits, 16) | 0)
        })
        bytes += STAMPS.length + reply.length + sizeOf(args)
      }
    }
  } catch (error) {
    if (isRefusal(error)) return undefined
    throw error
  }
  return { stamps, bytes }
}

/** Redis's protocol adds about so many bytes to each argument: `$36\r\n` before it, and `\r\n` behind. */
const FRAME = 7

/** Returns about the bytes of texts in Redis's protocol. */
export const sizeOf = (texts: readonly (string | number)[]): number =>
  texts.reduce<number>((sum, text) => sum + String(text).length + FRAME, 0)

/** Groups keys by the masters that own their slots. A key whose master is not known is left out, and so has no stamp. */
function byNode(client: RedisClient, keys: readonly string[]): Map<Redis, readonly string[]> {
  if (!(client instanceof Cluster)) return new Map([[client, keys]])
  const masters = new Map(
    masterNodes(client).map((node) => [`${node.options.host}:${node.options.port}`, node]),
  )
  const groups = new Map<Redis, string[]>()
  for (const key of keys) {
    const slot = new Command('get', [key]).getSlot()
    const node = masters.get(client.slots[slot]?.[0] ?? '')
    if (node === undefined) continue
    const group = groups.get(node)
    if (group) group.push(key)
    else groups.set(node, [key])
  }
  return groups
}
