import { Cluster } from 'ioredis'
import type { RedisClient } from '../redis/client.js'
import { keyArgument } from '../redis/key-text.js'
import { batchesOf, removalError, settled, UNLINK_BATCH } from '../redis/removal.js'
import { type AffinityRecord, dimensionValue } from './affinity-record.js'
import type { PinRemoval } from './affinity-store.js'
import type { KeyFamilies } from './key-families.js'
import type { KeyFamily } from './key-family.js'

/** Keys that one script compares: it parses the JSON of each, and blocks Redis for well under a millisecond. */
const COMPARED_AT_ONCE = 100

/**
 * Compares values and unlinks the equal ones, atomically in Redis. A value that is no affinity, or that Redis cannot parse,
 * counts as changed. ARGV holds the number of fields, their names, and then for each key the expected values.
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
      changed[#changed + 1] = i
    end
  end
end
return { #same > 0 and redis.call('UNLINK', unpack(same)) or 0, changed }`

/**
 * Removes each affinity that still has the given pin.
 * @throws what removeKeys throws
 */
export async function removePins(
  client: RedisClient,
  families: KeyFamilies,
  records: readonly AffinityRecord[],
): Promise<PinRemoval> {
  // In a cluster all keys of a script must lie in one slot, which affinities seldom do.
  const atOnce = client instanceof Cluster ? 1 : COMPARED_AT_ONCE
  let removed = 0
  const changed: string[] = []
  for (const [family, ofFamily] of byFamily(records, families)) {
    const dimensions = Object.keys(family.valueFields)
    const names = Object.values(family.valueFields)
    for (const some of batchesOf(ofFamily, UNLINK_BATCH)) {
      const calls: Promise<PinRemoval>[] = []
      for (const batch of batchesOf(some, atOnce)) {
        const keys = batch.map(({ key }) => key)
        const values = batch.flatMap((record) => dimensions.map((each) => dimensionValue(record, each) ?? ''))
        const named = keys.map(keyArgument)
        const reply = client.eval(REMOVE_PINS, keys.length, ...named, names.length, ...names, ...values)
        calls.push(reply.then((value) => removalOf(value as [number, number[]], keys)))
      }
      const { values, error } = await settled(calls)
      for (const value of values) {
        removed += value.removed
        changed.push(...value.changed)
      }
      if (error !== undefined) throw removalError(error, removed)
    }
  }
  return { removed, changed }
}

/** Reads the script's reply: the number of removals, and which of the keys, counted from 1, have another pin. */
const removalOf = ([removed, changed]: [number, number[]], keys: readonly string[]): PinRemoval => ({
  removed,
  changed: changed.map((position) => keys[position - 1] ?? ''),
})

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
