/**
 * Stamps: 32 bits of the SHA-1 of a value. Redis computes them itself, so that values are compared without being sent.
 */
import { hash } from 'node:crypto'
import { Cluster, Command, type Redis } from 'ioredis'
import { encodeKey } from '../util/key-bytes.js'
import { isRefusal } from './cache-errors.js'
import { masterNodes, type RedisClient } from './client.js'
import { packKeys } from './packed-keys.js'

/**
 * Returns 8 hexadecimal digits for each key, or dashes for a key that is gone, of another type, or of a slot that moves, and
 * then the sum of PEXPIRETIME of the others: one number for each key would take a quarter more time. The keys are arguments
 * and not KEYS: in a cluster they lie in several slots, and this only reads those of the node that is asked.
 */
const STAMPS = `
local out, call, try, sha1, sub = {}, redis.call, redis.pcall, redis.sha1hex, string.sub
local head, at, n, expiries = ARGV[1], 2, 0, 0
while at < #ARGV do
  local ending, last = ARGV[at], at + 1 + ARGV[at + 1]
  for i = at + 2, last do
    local key = head .. ARGV[i] .. ending
    local value = try('GET', key)
    n = n + 1
    if type(value) == 'string' then
      out[n] = sub(sha1(value), 1, 8)
      expiries = expiries + call('PEXPIRETIME', key)
    else
      out[n] = '--------'
    end
  end
  at = last + 1
end
return table.concat(out) .. string.format('%.0f', expiries)`

const DIGITS = 8

/** Returns the stamp of a value, a 32-bit integer. */
export const stampOf = (value: string): number => stampOfDigits(hash('sha1', value).slice(0, DIGITS))

const stampOfDigits = (digits: string): number => Number.parseInt(digits, 16) | 0

/** The stamps of the keys that one script has looked at, at one moment. */
export interface StampedKeys {
  readonly keys: readonly string[]
  /** The stamp of each key; null if it has no value that can be read. */
  readonly stamps: readonly (number | null)[]
  /** The sum of the times when Redis removes the keys that have a stamp: Unix milliseconds, -1 for never. */
  readonly expiries: number
}

export interface Stamps {
  readonly groups: readonly StampedKeys[]
  /** About the bytes that were sent and received. */
  readonly bytes: number
}

/**
 * Asks Redis for the stamps of keys, with one script for some 100 keys of a server, one after the other.
 * @returns undefined if this Redis refuses such a script: without the right to EVAL, before Redis 7, or behind some proxies
 * @throws what ioredis throws
 */
export async function readStamps(client: RedisClient, keys: readonly string[]): Promise<Stamps | undefined> {
  const groups: StampedKeys[] = []
  let bytes = 0
  try {
    for (const [node, itsKeys] of byNode(client, keys)) {
      if (node === undefined) {
        groups.push({ keys: itsKeys, stamps: itsKeys.map(() => null), expiries: 0 })
        continue
      }
      for (const { keys: packed, args } of packKeys(itsKeys)) {
        const reply = String(await node.eval(STAMPS, 0, ...args.map(encoded)))
        const stamps = packed.map((_, n) => {
          const digits = reply.slice(n * DIGITS, (n + 1) * DIGITS)
          return digits.startsWith('-') ? null : stampOfDigits(digits)
        })
        groups.push({ keys: packed, stamps, expiries: Number(reply.slice(packed.length * DIGITS)) })
        bytes += STAMPS.length + reply.length + sizeOf(args)
      }
    }
  } catch (error) {
    if (isRefusal(error)) return undefined
    throw error
  }
  return { groups, bytes }
}

/** Redis's protocol adds about so many bytes to each argument: `$36\r\n` before it, and `\r\n` behind. */
const FRAME = 7

/** Returns about the bytes of texts in Redis's protocol. */
export const sizeOf = (texts: readonly (string | number)[]): number =>
  texts.reduce<number>((sum, text) => sum + String(text).length + FRAME, 0)

const encoded = (arg: string | number): string | number | Buffer =>
  typeof arg === 'string' ? encodeKey(arg) : arg

/** Groups keys by the masters that own their slots; under undefined those whose master is not known just now. */
function byNode(
  client: RedisClient,
  keys: readonly string[],
): ReadonlyMap<Redis | undefined, readonly string[]> {
  if (!(client instanceof Cluster)) return new Map([[client, keys]])
  const masters = new Map(
    masterNodes(client).map((node) => [`${node.options.host}:${node.options.port}`, node]),
  )
  const groups = new Map<Redis | undefined, string[]>()
  for (const key of keys) {
    const slot = new Command('get', [encodeKey(key)]).getSlot()
    const node = masters.get(client.slots[slot]?.[0] ?? '')
    const group = groups.get(node)
    if (group) group.push(key)
    else groups.set(node, [key])
  }
  return groups
}
