import type { SchedulingModes } from '../rows.js'
import { createTableReader, type RunQuery } from '../table-reader.js'
import { SYSTEM_CONFIGS, type SystemConfigRow } from './tables.js'

/** Keys of `system_configs`, and what their values may be; the first one is the default. */
const SCHEDULING_MODE = { key: 'scheduling_mode', known: ['cache_affinity', 'fixed_order'] } as const
const PRIORITY_MODE = { key: 'provider_priority_mode', known: ['provider', 'global_key'] } as const

/** The modes, read in one statement; the gateway's default where one is not set, or set to what nobody knows. */
export function createSchedulingModesReader(query: RunQuery): () => Promise<SchedulingModes> {
  const read = createTableReader<SystemConfigRow>(query, SYSTEM_CONFIGS, 'key = ANY($1)')
  return async () => {
    const rows = await read([SCHEDULING_MODE.key, PRIORITY_MODE.key])
    const modeOf = ({ key, known }: typeof SCHEDULING_MODE | typeof PRIORITY_MODE): string => {
      const value = rows.find((row) => row.key === key)?.value
      return known.find((mode) => mode === value) ?? known[0]
    }
    return { schedulingMode: modeOf(SCHEDULING_MODE), priorityMode: modeOf(PRIORITY_MODE) }
  }
}
