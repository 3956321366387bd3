import { Cluster } from 'ioredis'
import type { RedisClient } from '../redis/client.js'
import { removalError, settled, UNLINK_BATCH } from '../redis/removal.js'
import { batchesOf } from '../util/batches.js'
import { encodeKey } from '../util/key-bytes.js'
import { type AffinityRecord, dimensionValue } from './affinity-record.js'
import type { PinRemoval, RemovePinsOptions } from './affinity-store.js'
import type { KeyFamilies } from './key-families.js'
import type { KeyFamily } from './key-family.js'

/** Keys that one script compares: it parses the JSON of each, and blocks Redis for well under a millisecond. */
const COMPARED_AT_ONCE = 100

/**
 * Compares values and unlinks the equal ones, atomically in Redis. A value that is no affinity, or that Redis cannot parse,
 * counts as changed, and is told by its place, since a key may be no text. ARGV holds the number of fields, how many of them are
 * texts and no numbers, their names, and then for each key the expected values.
 */
const REMOVE_PINS = `
local same, changed = {}, {}
local width, texts = tonumber(ARGV[1]), tonumber(ARGV[2])
for i, value in ipairs(redis.call('MGET', unpack(KEYS))) do
  if value then
    local ok, pin = pcall(cjson.decode, value)
    local isSame = ok and type(pin) == 'table'
    for field = 1, width do
      local found, expected = isSame and pin[ARGV[2 + field]], ARGV[2 + i * width + field]
      if field > texts then expected = tonumber(expected) end
      isSame = isSame and found == expected
    end
    if isSame then
      same[#same + 1] = KEYS[i]
    else
      changed[#changed + 1] = i
    end
  end
end
return { #same > 0 and redis.call('UNLINK', unpack(same)) or 0, changed }`

interface Compared {
  readonly reply: unknown
  readonly batch: readonly AffinityRecord[]
}

/**
 * Removes each affinity that still has the given pin, and was not used meanwhile if that counts.
 * @throws what removeKeys throws
 */
export async function removePins(
  client: RedisClient,
  families: KeyFamilies,
  records: readonly AffinityRecord[],
  { unused = false }: RemovePinsOptions = {},
): Promise<PinRemoval> {
  // In a cluster all keys of a script must lie in one slot, which affinities seldom do.
  const atOnce = client instanceof Cluster ? 1 : COMPARED_AT_ONCE
  let removed = 0
  const changed: string[] = []
  for (const [family, ofFamily] of byFamily(records, families)) {
    const dimensions = Object.keys(family.valueFields)
    const { writtenExpiry, requestCount } = family.figureFields
    const figureNames = unused ? [family.createdAtField, writtenExpiry, requestCount] : []
    const names = [...Object.values(family.valueFields), ...figureNames]
    for (const some of batchesOf(ofFamily, UNLINK_BATCH)) {
      const calls: Promise<Compared>[] = []
      for (const batch of batchesOf(some, atOnce)) {
        const keys = batch.map(({ key }) => encodeKey(key))
        const values = batch.flatMap((record) => [
          ...dimensions.map((each) => dimensionValue(record, each) ?? ''),
          ...(unused ? [record.createdAt, record.writtenExpiry, record.requestCount].map(String) : []),
        ])
        const comparing = client.eval(
          REMOVE_PINS,
          keys.length,
          ...keys,
          names.length,
          dimensions.length,
          ...names,
          ...values,
        )
        calls.push(comparing.then((reply) => ({ reply, batch })))
      }
      const { values, error } = await settled(calls)
      for (const value of values) {
        const { reply, batch } = value
        const [count, others] = reply as [number, number[]]
        removed += count
        for (const place of others) changed.push(batch[place - 1]?.key ?? '')
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
