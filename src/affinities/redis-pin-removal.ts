import { Cluster } from 'ioredis'
import type { RedisClient } from '../redis/nodes.js'
import { batchesOf, removalError, settled, UNLINK_BATCH } from '../redis/removal.js'
import { type AffinityRecord, PIN } from './affinity-record.js'
import type { PinRemoval } from './affinity-store.js'
import type { KeyFamilies } from './key-families.js'

/** Keys that one script compares: it parses the JSON of each, and blocks Redis for well under a millisecond. */
const COMPARED_AT_ONCE = 100

/**
 * Compares pins and unlinks the equal ones, atomically in Redis. A value that is no affinity, or that Redis cannot parse,
 * counts as changed. ARGV holds for each key the names of the pin's fields, each followed by the expected value.
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
