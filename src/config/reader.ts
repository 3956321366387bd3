import { ConfigurationError } from '../errors.js'
import type { Variable } from './kinds.js'
import { createRedactor } from './redact.js'
import { VARIABLES, type ValueOf, type VariableName } from './variables.js'

export type Environment = Readonly<Record<string, string | undefined>>

/** Reads variables by the table, and collects their problems. */
export interface Reader {
  isSet(name: VariableName): boolean
  /** Returns the value of a variable. If it is invalid, adds a problem and returns the default. */
  read<N extends VariableName>(name: N): ValueOf<N>
  /** @param sentence complete sentence without any value that may be secret */
  problem(sentence: string): void
  /** @throws ConfigurationError with all problems so far, if there are any */
  check(): void
}

/** Returns the trimmed text of a variable, or undefined if the variable is not set or empty. */
function textOf(environment: Environment, name: VariableName): string | undefined {
  const { form }: Variable = VARIABLES[name]
  const text = environment[name] ?? ''
  if (form === 'exact') return text || undefined
  return (form === 'list' ? text.replace(/^[\s,]+|[\s,]+$/g, '') : text.trim()) || undefined
}

export function createReader(environment: Environment): Reader {
  const problems = new Set<string>()
  const redact = createRedactor(environment)

  /** Quotes a text in a problem, unless it contains a secret of any variable or may be a URL with a password. */
  const shown = ({ secret }: Variable, text: string): string =>
    secret || text.includes('@') || redact(text) !== text ? '' : `; it is ${JSON.stringify(text)}`

  return {
    isSet: (name) => textOf(environment, name) !== undefined,
    read<N extends VariableName>(name: N): ValueOf<N> {
      const row: Variable = VARIABLES[name]
      const text = textOf(environment, name)
      const parsed = text === undefined ? undefined : row.schema.safeParse(text)
      for (const { message, path } of parsed?.error?.issues ?? []) {
        const subject = path.length > 0 ? `Entry ${Number(path[0]) + 1} of ${name}` : name
        problems.add(`${subject} ${message}${shown(row, text ?? '')}.`)
      }
      const value = parsed?.success
        ? parsed.data
        : row.default === undefined
          ? undefined
          : row.schema.parse(row.default)
      // TypeScript cannot derive the type of a row's value from `Variable`; `ValueOf` derives it from the name.
      return value as ValueOf<N>
    },
    problem: (sentence) => void problems.add(sentence),
    check() {
      if (problems.size > 0) throw new ConfigurationError([...problems])
    },
  }
}
