import { Cluster } from 'ioredis'
import type { RedisClient } from '../redis/client.js'
import { batchesOf, removalError, settled, UNLINK_BATCH } from '../redis/removal.js'
import { type AffinityRecord, dimensionValue } from './affinity-record.js'
import type { PinRemoval } from './affinity-store.js'
import type { KeyFamilies } from './key-families.js'
import type { KeyFamily } from './key-family.js'

/** Keys of one script: it reads the JSON of each, and takes well under a millisecond. */
const COMPARED_AT_ONCE = 100

/**
 * Compares and deletes inside Redis. What is no affinity, or cannot be read there, counts as changed. The arguments are how
 * many fields are compared, their names in the value, and for each key what they must hold.
 */
const REMOVE_PINS = `
local same, changed = {}, {}
local width = tonumber(ARGV[1])
for i, value in ipairs(redis.call('MGET', unpack(KEYS))) do
  if value then
    local ok, pin = pcall(cjson.decode, value)
    local isSame = ok and type(pin) == 'table'
    for field = 1, width do
      isSame = isSame and pin[ARGV[1 + field]] == ARGV[1 + i * width + field]
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
  let removed = 0
  const changed: string[] = []
  for (const [family, ofFamily] of byFamily(records, families)) {
    const dimensions = Object.keys(family.valueFields)
    const names = Object.values(family.valueFields)
    for (const some of batchesOf(ofFamily, UNLINK_BATCH)) {
      const calls: Promise<unknown>[] = []
      for (const batch of batchesOf(some, atOnce)) {
        const keys = batch.map(({ key }) => key)
        const values = batch.flatMap((record) => dimensions.map((each) => dimensionValue(record, each) ?? ''))
        calls.push(client.eval(REMOVE_PINS, keys.length, ...keys, names.length, ...names, ...values))
      }
      const { values, error } = await settled(calls)
      for (const value of values) {
        const [count, others] = value as [number, string[]]
        removed += count
        changed.push(...others)
      }
      if (error !== undefined) throw removalError(error, removed)
    }
  }
  return { removed, changed }
}

function byFamily(
  records: readonly AffinityRecord[],
  families: KeyFamilies,
): Map<KeyFamily, AffinityRecord[]> {
  const groups = new Map<KeyFamily, AffinityRecord[]>()
  for (const record of records) {
    const family = families.of(record.key)
    if (!family) throw new RangeError('A record has a key of no family.')
    const group = groups.get(family)
    if (group) group.push(record)
    else groups.set(family, [record])
  }
  return groups
}
