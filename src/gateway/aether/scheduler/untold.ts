import type { Generation, MissingField } from '../../gateway.js'
import type { StaleReason } from '../../usability.js'
import { type Field, needsOf, type RowTable } from '../fields.js'
import type { ActualTables } from '../schema/actual-tables.js'
import {
  ENDPOINT_FACTS,
  GLOBAL_MODEL_FACTS,
  MODEL_FACTS,
  PROVIDER_FACTS,
  PROVIDER_KEY_FACTS,
} from '../tables.js'
import { RULES } from './rules.js'

/* Reasons that hold where a row or a value is not there: without its table or column they would accuse every pin. */

type Needed = readonly Field<unknown>[]

const fieldsOf = <Row>(table: RowTable<Row>, ...names: readonly (keyof Row & string)[]): Needed =>
  names.map((name) => table.fields[name])

const GLOBAL_NAME = fieldsOf(GLOBAL_MODEL_FACTS, 'id', 'name')
const SERVED = fieldsOf(MODEL_FACTS, 'id', 'providerId', 'globalModelId')
const ALL_NAMES = [...GLOBAL_NAME, ...SERVED, ...fieldsOf(MODEL_FACTS, 'name')]

const NEEDED: Partial<Record<StaleReason, Needed>> = {
  PROVIDER_NOT_ALLOWED: fieldsOf(PROVIDER_FACTS, 'name'),
  ENDPOINT_DELETED: fieldsOf(ENDPOINT_FACTS, 'id'),
  ENDPOINT_OF_OTHER_FORMAT: fieldsOf(ENDPOINT_FACTS, 'id', 'apiFormat'),
  PROVIDER_KEY_DELETED: fieldsOf(PROVIDER_KEY_FACTS, 'id'),
  CAPABILITY_MISMATCH: fieldsOf(PROVIDER_KEY_FACTS, 'capabilities'),
  MODEL_DELETED: fieldsOf(GLOBAL_MODEL_FACTS, 'id'),
  MODEL_NOT_AT_PROVIDER: SERVED,
  MODEL_NOT_ALLOWED: GLOBAL_NAME,
  MODEL_NOT_ON_PROVIDER_KEY: ALL_NAMES,
}

/** If pins hold names of models, no name may be unknown. */
const NEEDED_BY_NAME: Partial<Record<StaleReason, Needed>> = {
  MODEL_DELETED: ALL_NAMES,
  MODEL_NOT_AT_PROVIDER: ALL_NAMES,
}

/** The reasons of a generation that these tables cannot tell, each with what it needs. */
export function untoldReasons(
  tables: ActualTables,
  generation: Generation,
): readonly (readonly [reason: StaleReason, needs: string])[] {
  const byName = generation === 'PROCESS_MEMORY' ? NEEDED_BY_NAME : {}
  return RULES[generation].reasons.flatMap(({ name }) => {
    const needed = byName[name] ?? NEEDED[name] ?? []
    const needs = needed.flatMap((field) => needsOf(field, tables, generation) ?? [])
    return needs.length === 0 ? [] : [[name, needs.join(' and ')] as const]
  })
}

export const missingForReasons = (tables: ActualTables, generation: Generation): readonly MissingField[] =>
  untoldReasons(tables, generation).map(([reason, needs]) => ({
    field: `Affinity.staleReasons (${reason})`,
    needs,
  }))
