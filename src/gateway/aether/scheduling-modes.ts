import { mapDatabaseErrors } from '../../postgres/database-errors.js'
import { parseJson } from '../../util/text.js'
import type { Generation } from '../gateway.js'
import type { SchedulingModes } from '../rows.js'
import type { RunQuery } from '../table-reader.js'
import { missingColumns } from './fields.js'
import type { Look } from './look.js'
import { OTHER_READS, ROUTING_GROUP_BINDINGS, ROUTING_GROUPS } from './tables.js'

/** The one mode in which a scheduler goes by pins, and the default of every generation. */
const BY_PINS = 'cache_affinity'

/** What each generation knows as a mode. Any other word is the default to it. */
const KNOWN_MODES: Readonly<Record<Generation, readonly string[]>> = {
  ENDPOINT_KEYS: [BY_PINS, 'fixed_order'],
  PROVIDER_KEYS: [BY_PINS, 'fixed_order', 'load_balance'],
  PROCESS_MEMORY: [BY_PINS, 'fixed_order', 'load_balance'],
}
const PRIORITY_MODES = ['provider', 'global_key'] as const

const SETTINGS = `SELECT key::text, value::text FROM system_configs WHERE key IN ('scheduling_mode', 'provider_priority_mode')`

const groupsSql = (canBeBound: boolean): string => {
  const isBound = canBeBound
    ? 'EXISTS (SELECT FROM routing_group_bindings WHERE routing_group_bindings.group_id = routing_groups.id)'
    : 'false'
  // As texts: a truth of another type would fail the whole statement.
  return `SELECT CASE WHEN is_system_default::text = 'true' THEN 'default group' ELSE 'group' END,
      (config_json::jsonb #> '{default_policy,scheduling_mode}')::text
    FROM routing_groups WHERE enabled::text = 'true' AND (is_system_default::text = 'true' OR ${isBound})`
}

/**
 * Reads the modes in force, in one statement. The mode of a routing group takes the place of the setting: where groups have
 * different ones, the mode is the default group's, and pins are honoured where any group honours them.
 */
export function createSchedulingModesReader(
  query: RunQuery,
  { tables, generation }: Look,
): () => Promise<SchedulingModes> {
  const has = (columns: readonly string[]) => missingColumns(tables, columns).length === 0
  const hasSettings = has(OTHER_READS.find(({ field }) => field === 'Gateway.schedulingMode')?.columns ?? [])
  const hasGroups = generation === 'PROCESS_MEMORY' && has(ROUTING_GROUPS)
  const sql = [
    ...(hasSettings ? [SETTINGS] : []),
    ...(hasGroups ? [groupsSql(has(ROUTING_GROUP_BINDINGS))] : []),
  ].join(' UNION ALL ')
  const modeOf = (value: unknown): string => {
    const word = typeof value === 'string' ? value.trim().toLowerCase() : ''
    return KNOWN_MODES[generation].find((mode) => mode === word) ?? BY_PINS
  }
  return () =>
    mapDatabaseErrors(async () => {
      const rows = (sql === '' ? [] : await query(sql, [])).map(([name, value]) => ({
        name,
        value: typeof value === 'string' ? parseJson(value) : value,
      }))
      const settingOf = (key: string) => rows.find(({ name }) => name === key)?.value
      const isSet = ({ value }: { readonly value: unknown }) =>
        typeof value === 'string' && value.trim() !== ''
      const groups = rows.filter(
        (row) => (row.name === 'group' || row.name === 'default group') && isSet(row),
      )
      const groupModes = groups.map(({ value }) => modeOf(value))
      const ofDefault = groups.findIndex(({ name }) => name === 'default group')
      const setting = hasSettings ? modeOf(settingOf('scheduling_mode')) : null
      const isOneMode = new Set(groupModes).size === 1
      const schedulingMode = groupModes[ofDefault] ?? (isOneMode ? groupModes[0] : undefined) ?? setting
      const priority = settingOf('provider_priority_mode')
      return {
        schedulingMode,
        priorityMode: hasSettings
          ? (PRIORITY_MODES.find((mode) => mode === priority) ?? PRIORITY_MODES[0])
          : null,
        pinsAreHonoured:
          groupModes.length > 0
            ? groupModes.includes(BY_PINS)
            : schedulingMode === null
              ? null
              : schedulingMode === BY_PINS,
      }
    })
}
