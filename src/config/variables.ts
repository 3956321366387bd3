import type { z } from 'zod'
import type { Variable } from './kinds.js'
import { COMMAND_LINE } from './variables/command-line.js'
import { SERVER } from './variables/server.js'
import { SERVICE } from './variables/service.js'
import { STORES } from './variables/stores.js'
import { TRACING } from './variables/tracing.js'

/** The tables of docs/configuration.md, each under the name of its place there. */
export const THEMES = {
  service: { ...STORES, ...SERVER, ...SERVICE },
  traces: TRACING,
  'command line': COMMAND_LINE,
} as const satisfies Record<string, Record<string, Variable>>

/**
 * Every variable that any part of affinityql reads. To add one, add a row, read it by its name, and run
 * `npm run schema` for the documentation.
 */
export const VARIABLES = { ...THEMES.service, ...THEMES.traces, ...THEMES['command line'] } as const

export type VariableName = keyof typeof VARIABLES

type Row<N extends VariableName> = (typeof VARIABLES)[N]

/** What reading a variable gives: undefined where it is not set and has no default. */
export type ValueOf<N extends VariableName> =
  | z.output<Row<N>['schema']>
  | (Row<N> extends { readonly default: string } ? never : undefined)

export const VARIABLE_NAMES = Object.keys(VARIABLES) as VariableName[]
