import { createHmac, randomBytes } from 'node:crypto'

/**
 * Gives each name one of a fixed number of slots: counters by slot take no more memory than that, however many names
 * come. The key is random, so that nobody can choose a name that shares its slot with another's.
 * @param count 1 to 2^32
 */
export function createSlots(count: number, key: Uint8Array = randomBytes(32)): (name: string) => number {
  return (name) => createHmac('sha256', key).update(name).digest().readUInt32BE(0) % count
}
