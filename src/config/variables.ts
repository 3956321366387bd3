import type { z } from 'zod'
import type { Variable } from './kinds.js'
import { COMMAND_LINE } from './variables/command-line.js'
import { SERVER } from './variables/server.js'
import { SERVICE, TRACING } from './variables/service.js'
import { STORES } from './variables/stores.js'

/** Tables of docs/configuration.md, under the names that its markers have. */
export const THEMES = {
  service: { ...STORES, ...SERVER, ...SERVICE },
  traces: TRACING,
  'command line': COMMAND_LINE,
} as const satisfies Record<string, Record<string, Variable>>

/**
 * All variables that affinityql reads. To add one, add a row, read it by its name, and run `npm run schema`, which writes
 * the documentation.
 */
export const VARIABLES = { ...THEMES.service, ...THEMES.traces, ...THEMES['command line'] } as const

export type VariableName = keyof typeof VARIABLES

type Row<N extends VariableName> = (typeof VARIABLES)[N]

/** Type of a variable's value; it includes undefined if the variable has no default. */
export type ValueOf<N extends VariableName> =
  | z.output<Row<N>['schema']>
  | (Row<N> extends { readonly default: string } ? never : undefined)

export const VARIABLE_NAMES = Object.keys(VARIABLES) as VariableName[]
