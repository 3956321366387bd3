import type { AffinityReader } from '../stores/affinity-reader.js'

/** Where requests get their reader: the live index, or a scan that a request shares with itself and with others in flight. */
export interface AffinitySource {
  /** A reader for one request: all its answers are of one moment, or of the live index. */
  open(): AffinityReader
  /** Broken keys that the last full read found. */
  readonly brokenCount: number
}
