/** The few commands a recorder needs. Every method rejects with the backend's own error when the cache does not answer. */
export interface RecorderBackend {
  /** The string under a key; undefined where there is none, or a value of another Redis type. */
  get(key: string): Promise<string | undefined>
  /** Replaces whatever the key holds. @param ttlSeconds a whole number, at least 1 */
  set(key: string, value: string, ttlSeconds: number): Promise<void>
  /** Was there something to delete? */
  delete(key: string): Promise<boolean>
  /** Adds a whole number to a counter of a hash; hash and counter are made where they are missing. */
  hashIncrement(key: string, field: string, by: number): Promise<void>
}
