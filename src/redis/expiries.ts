import { type ChainableCommander, Cluster, type Redis } from 'ioredis'
import { batchesOf } from '../util/batches.js'
import { encodeKey } from '../util/key-bytes.js'
import type { RedisClient } from './client.js'
import { hasMoved, NO_REPLY, outcomes, replies } from './pipeline.js'

/** When Redis removes a key, as PEXPIRETIME says it: Unix milliseconds, -1 for never, -2 if there is no such key. */
export type Expiry = number

export const NEVER: Expiry = -1
export const NO_KEY: Expiry = -2

/** Keys of one script, which blocks Redis for some 80 µs. */
const KEYS_AT_ONCE = 100

/**
 * Returns PEXPIRETIME of each key. A script takes a quarter of the time that single commands take, here and in Redis. Redis
 * before 7 does not have the command: the time and what remains make the same.
 */
const READ_EXPIRIES = `
local expiries = {}
local first = redis.pcall('PEXPIRETIME', KEYS[1])
if type(first) == 'number' then
  for i, key in ipairs(KEYS) do expiries[i] = redis.call('PEXPIRETIME', key) end
else
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  for i, key in ipairs(KEYS) do
    local rest = redis.call('PTTL', key)
    expiries[i] = rest < 0 and rest or now + rest
  end
end
return expiries`

/** Servers that refuse scripts, and servers that do not have PEXPIRETIME. A server that is upgraded is a new connection. */
const refusesScripts = new WeakSet<RedisClient>()
const lacksExpiryTime = new WeakSet<RedisClient>()

/**
 * Reads when Redis removes keys, in one round trip, which is the same as that of a read sent in the same turn. If scripts
 * are refused, and in a cluster, it sends a command for each key.
 * @throws what ioredis throws
 */
export async function readExpiries(
  client: RedisClient,
  node: RedisClient,
  keys: readonly string[],
): Promise<readonly Expiry[]> {
  if (keys.length === 0) return []
  if (node instanceof Cluster || client instanceof Cluster || refusesScripts.has(node))
    return readOneByOne(client, node, keys)
  try {
    return await readByScript(node, keys)
  } catch (error) {
    if (!isRefusedScript(error)) throw error
    refusesScripts.add(node)
    return readOneByOne(client, node, keys)
  }
}

async function readByScript(node: Redis, keys: readonly string[]): Promise<readonly Expiry[]> {
  const scripts = node.pipeline()
  for (const some of batchesOf(keys, KEYS_AT_ONCE))
    scripts.eval(READ_EXPIRIES, some.length, ...some.map(encodeKey))
  return (await replies(scripts)).flat() as Expiry[]
}

/** EVAL itself is refused or unknown; what the script may not do is another matter. */
const isRefusedScript = (error: unknown): boolean =>
  error instanceof Error && /^(NOPERM|ERR unknown command).*\beval\b/i.test(error.message)

const isUnknownCommand = (error: Error): boolean => /^ERR unknown command/i.test(error.message)

async function readOneByOne(
  client: RedisClient,
  node: RedisClient,
  keys: readonly string[],
): Promise<readonly Expiry[]> {
  // ioredis sends the commands of one turn to each of a cluster's nodes together; a pipeline needs one node.
  if (node instanceof Cluster) return Promise.all(keys.map((key) => expiryAnywhere(node, key)))
  if (lacksExpiryTime.has(node)) return readByRest(client, node, keys)
  const replies = await ofEach(node.pipeline(), keys, (pipeline, key) => pipeline.pexpiretime(encodeKey(key)))
  if (replies.some(([error]) => error && isUnknownCommand(error))) {
    lacksExpiryTime.add(node)
    return readByRest(client, node, keys)
  }
  return expiriesOf(client, keys, replies, (expiry) => expiry)
}

async function readByRest(
  client: RedisClient,
  node: Redis,
  keys: readonly string[],
): Promise<readonly Expiry[]> {
  const [time = NO_REPLY, ...rests] = await ofEach(node.pipeline().time(), keys, (pipeline, key) =>
    pipeline.pttl(encodeKey(key)),
  )
  if (time[0]) throw time[0]
  const now = millisOf(time[1])
  return expiriesOf(client, keys, rests, (rest) => (rest < 0 ? rest : now + rest))
}

function ofEach(
  pipeline: ChainableCommander,
  keys: readonly string[],
  add: (pipeline: ChainableCommander, key: string) => void,
) {
  for (const key of keys) add(pipeline, key)
  return outcomes(pipeline)
}

function expiriesOf(
  client: RedisClient,
  keys: readonly string[],
  replies: readonly (readonly [Error | null, unknown])[],
  expiryOf: (reply: number) => Expiry,
): Promise<Expiry[]> {
  return Promise.all(
    keys.map((key, index) => {
      const [error, reply] = replies[index] ?? NO_REPLY
      if (!error) return expiryOf(Number(reply))
      if (client instanceof Cluster && hasMoved(error)) return expiryAnywhere(client, key)
      throw error
    }),
  )
}

async function expiryAnywhere(cluster: Cluster, key: string): Promise<Expiry> {
  if (!lacksExpiryTime.has(cluster)) {
    try {
      return await cluster.pexpiretime(encodeKey(key))
    } catch (error) {
      if (!(error instanceof Error && isUnknownCommand(error))) throw error
      lacksExpiryTime.add(cluster)
    }
  }
  const rest = await cluster.pttl(encodeKey(key))
  // A cluster's nodes have the same time, more or less: there is none of its own to ask.
  return rest < 0 ? rest : Date.now() + rest
}

/** Converts a reply of TIME, seconds and microseconds, to Unix milliseconds. */
export function millisOf(reply: unknown): number {
  const [seconds, micros] = reply as readonly [string, string]
  return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000)
}
