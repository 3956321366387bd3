import { createHmac, randomBytes } from 'node:crypto'

/**
 * Hashes names to a fixed number of slots, so that counters by slot need limited memory, however many names come. The key
 * is random, so that nobody can choose a name that shares a slot with another name.
 * @param count 1 to 2^32
 */
export function createSlots(count: number, key: Uint8Array = randomBytes(32)): (name: string) => number {
  return (name) => createHmac('sha256', key).update(name).digest().readUInt32BE(0) % count
}
