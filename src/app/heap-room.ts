import { getHeapStatistics } from 'node:v8'
import type { Logger } from 'pino'

/** Memory of the process without an affinity, in bytes, and what each affinity takes at the peak: see docs/operating.md. */
const PEAK = { process: 160 * 2 ** 20, affinity: 600 } as const
const MIB = 2 ** 20
/** Share of the room from which on a warning is due, before the index has to be given up. */
const NEARLY_FULL = 0.8

/** Returns how many affinities a heap of so many bytes has room for. */
export const affinitiesIn = (heapBytes: number): number =>
  Math.max(0, Math.floor((heapBytes - PEAK.process) / PEAK.affinity))

/** Warns if the heap has little room left for more affinities. Past the room the index is given up, which its own line tells. */
export function warnOfHeap(
  affinities: number,
  log: Pick<Logger, 'warn'>,
  heapBytes = getHeapStatistics().heap_size_limit,
): void {
  const room = affinitiesIn(heapBytes)
  if (affinities <= NEARLY_FULL * room) return
  log.warn(
    { affinities, room, heapMiB: Math.round(heapBytes / MIB) },
    'the heap has little room left for affinities: raise its limit (--max-old-space-size), or set AFFINITY_INDEX=off',
  )
}
