import { Cluster } from 'ioredis'
import type { RedisClient } from '../redis/client.js'
import { batchesOf, removalError, settled, UNLINK_BATCH } from '../redis/removal.js'
import { type AffinityRecord, PIN } from './affinity-record.js'
import type { PinRemoval } from './affinity-store.js'
import type { KeyFamilies } from './key-families.js'

/** Keys of one script: it reads the JSON of each, and takes well under a millisecond. */
const COMPARED_AT_ONCE = 100

/**
 * Compares and deletes inside Redis. What is no affinity, or cannot be read there, counts as changed. For each key: the
 * names of the pin's fields in the value, and what they must hold.
 */
const REMOVE_PINS = `
local same, changed = {}, {}
local width = #ARGV / #KEYS
for i, value in ipairs(redis.call('MGET', unpack(KEYS))) do
  if value then
    local ok, pin = pcall(cjson.decode, value)
    local isSame = ok and type(pin) == 'table'
    for at = (i - 1) * width + 1, i * width, 2 do
      isSame = isSame and pin[ARGV[at]] == ARGV[at + 1]
    end
    if isSame then
      same[#same + 1] = KEYS[i]
    else
      changed[#changed + 1] = KEYS[i]
    end
  end
end
return { #same > 0 and redis.call('UNLINK', unpack(same)) or 0, changed }`

/**
 * Removes affinities that are still pinned as these are.
 * @throws as removeKeys
 */
export async function removePins(
  client: RedisClient,
  families: KeyFamilies,
  records: readonly AffinityRecord[],
): Promise<PinRemoval> {
  // A script's keys lie in one slot, and those of a cluster seldom do.
  const atOnce = client instanceof Cluster ? 1 : COMPARED_AT_ONCE
  const pinOf = (record: AffinityRecord): string[] => {
    const fields = families.of(record.key)?.pinFields
    return PIN.flatMap((field) => [fields?.[field] ?? field, record[field]])
  }
  let removed = 0
  const changed: string[] = []
  for (const some of batchesOf(records, UNLINK_BATCH)) {
    const calls: Promise<unknown>[] = []
    for (const batch of batchesOf(some, atOnce)) {
      const keys = batch.map(({ key }) => key)
      calls.push(client.eval(REMOVE_PINS, keys.length, ...keys, ...batch.flatMap(pinOf)))
    }
    const { values, error } = await settled(calls)
    for (const value of values) {
      const [count, others] = value as [number, string[]]
      removed += count
      changed.push(...others)
    }
    if (error !== undefined) throw removalError(error, removed)
  }
  return { removed, changed }
}
